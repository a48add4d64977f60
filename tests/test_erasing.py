"""What is erased: what is old, and what a member or a server that left asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import (
    Act,
    ChannelId,
    GuildId,
    Judgement,
    Kind,
    Outcome,
    Status,
    SubjectId,
    Surface,
    UserId,
    Verdict,
)
from bot.store.ports import Mark
from bot.store.sqlite.store import SqliteStore
from model.classes import HARMS
from tests import making
from tests.database import Opened, again, decision, execute, finish, rows, stores

opened = pytest.fixture(stores)

TABLES = ("cases", "scores", "actions", "verdicts", "acts", "excerpts")


def everything(path: Path) -> dict[str, int]:
    """Return how many rows each table holds that is about messages."""
    return {table: rows(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


async def furnished(path: Path, store: SqliteStore, *, pending: bool = False) -> None:
    """Keep two messages decided long ago and one just now, each with all there can be about it."""
    for number, days in ((1, 100), (2, 91), (3, 1)):
        written = datetime.now(UTC) - timedelta(days=days)
        made = decision(number, Kind.ALERT)
        made = replace(made, post=replace(made.post, created_at=written))
        await store.journal.record([made])
        if not pending:
            await finish(store, made, Kind.ALERT, Outcome(Status.DONE))
        sealed = "INSERT OR IGNORE INTO excerpts SELECT max(id), x'00' FROM cases"
        moved = "UPDATE cases SET decided_at = created_at"
        execute(path, sealed, moved)
        said = Verdict(made, "hate", Judgement.RIGHT, UserId(9), datetime.now(UTC))
        await store.verdicts.judge([said])
        await store.verdicts.acted([made.post.id], Act.DELETE, UserId(9))


LONG_AGO = timedelta(days=90)


async def test_what_is_old_is_erased_from_every_table(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await furnished(tmp_path / "db", store)
    assert everything(tmp_path / "db")["scores"] == 3 * len(HARMS)
    assert await store.housekeeping.expire(datetime.now(UTC) - LONG_AGO) == 2
    assert everything(tmp_path / "db") == dict.fromkeys(TABLES, 1) | {"scores": len(HARMS)}


async def test_what_was_decided_lately_stays_however_old_the_message_is(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    old = decision(1)  # written in January, edited and decided now
    await store.journal.record([old])
    assert await store.housekeeping.expire(datetime.now(UTC) - timedelta(minutes=1)) == 0
    assert await store.housekeeping.expire(datetime.now(UTC) + timedelta(minutes=1)) == 1


async def test_an_action_that_is_still_to_come_is_never_erased(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(tmp_path / "db", store, pending=True)
    assert await store.housekeeping.expire(datetime.now(UTC) + timedelta(days=1)) == 0
    assert await store.housekeeping.forget_author(UserId(4)) == 0
    assert len(await store.journal.unfinished()) == 3


async def test_one_servers_nicknames_are_erased_without_anothers(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    for guild in (2, 3):
        made = again(decision(4, revision="t5"), guild=GuildId(guild), surface=Surface.NICKNAME)
        await store.journal.record([made])
    assert await store.housekeeping.forget_server(GuildId(2)) == 1
    assert (await store.housekeeping.kept_about(UserId(4), GuildId(3))).messages == 1


async def test_a_person_is_forgotten_in_one_server_or_everywhere(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(tmp_path / "db", store)
    robin, here, house = UserId(4), GuildId(2), store.housekeeping
    kept = await house.kept_about(robin, here)
    assert (kept.messages, kept.actions, kept.verdicts) == (3, 3, 3)
    assert await house.forget_author(robin, GuildId(77)) == 0
    assert await house.forget_author(UserId(5)) == 0
    week = datetime.now(UTC) - timedelta(days=7)
    assert await house.forget_author(robin, here, decided_before=week) == 2
    assert await house.forget_author(robin, here) == 1
    assert set(everything(tmp_path / "db").values()) == {0}
    assert (await house.kept_about(robin, here)).messages == 0


async def test_what_nobody_was_alerted_to_is_forgotten_at_once(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1)])
    week = datetime.now(UTC) - timedelta(days=7)
    assert await store.housekeeping.forget_author(UserId(4), decided_before=week) == 1


async def test_a_request_to_be_forgotten_is_kept_until_it_is_due(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(tmp_path / "db", store)
    now, house = datetime.now(UTC), store.housekeeping
    await house.erase_later(UserId(4), GuildId(2), now - timedelta(days=30))
    await house.erase_later(UserId(4), GuildId(2), now)
    assert await house.erase_due(now - timedelta(seconds=1)) == 0
    assert await house.erase_due(now + timedelta(seconds=1)) == 3
    assert await house.erase_due(now + timedelta(seconds=1)) == 0


async def test_a_server_that_was_left_is_erased_after_the_delay(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(tmp_path / "db", store)
    here = GuildId(2)
    await store.settings.change(here, {"mode": "enforce"}, UserId(1))
    await store.watermarks.raise_to([Mark(here, ChannelId(3), SubjectId(4))])
    house = store.housekeeping
    await house.left(here)
    assert await house.departed(datetime.now(UTC) - timedelta(days=7)) == []
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == [2]
    await house.returned([here])
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == []
    assert await house.forget_server(here) == 3
    assert set(everything(tmp_path / "db").values()) == {0}
    assert await store.settings.entries() == {}
    assert await store.settings.changes(here) == []
    assert await store.watermarks.all() == {}


async def test_what_was_reported_lately_stays_though_nothing_was_due(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    made = making.decision(1)
    await store.journal.record([made])
    await store.verdicts.reported(made.post.id)
    week = datetime.now(UTC) - timedelta(days=7)
    author = made.post.author_id
    assert await store.housekeeping.forget_author(author, decided_before=week) == 0
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert await store.housekeeping.forget_author(author, decided_before=later) == 1
