"""What another process, or another batch, writes between asking and recording."""

from __future__ import annotations

from pathlib import Path

from bot.domain import Kind
from bot.store.sqlite.store import SqliteStore
from tests import making


async def test_what_another_process_wrote_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    first = await SqliteStore.open(tmp_path / "db")
    second = await SqliteStore.open(tmp_path / "db")
    made = making.decision(1, Kind.DELETE)
    assert (await first.journal.taken([made.post])).known == set()
    assert (await second.journal.taken([made.post])).known == set()
    assert await second.journal.record([made]) == [made]
    assert await first.journal.record([made]) == []
    await first.close()
    await second.close()


async def test_what_was_asked_for_once_is_asked_for_again_by_the_next_batch(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    made, other = making.decision(1, Kind.DELETE), making.decision(2)
    await store.journal.taken([made.post, other.post])
    assert await store.journal.record([made]) == [made]
    assert await store.journal.record([made, other]) == [other]
    await store.journal.taken([made.post])
    assert await store.journal.record([made]) == []
    await store.close()
