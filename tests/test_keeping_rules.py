"""Files, keys, facts, and waiting for a database that cannot be written."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.domain import ChannelId, GuildId, Kind, Status, SubjectId
from bot.errors import OperatorError
from bot.store.files import make_private
from bot.store.patience import WAITS, Patience
from bot.store.ports import Mark, StoreUnavailableError
from bot.store.seal import LONGEST, Excerpt, Sealer
from bot.store.sqlite.backup import copy_to, restore
from bot.store.sqlite.database import Database
from bot.store.sqlite.store import SqliteStore
from tests import making


def test_a_file_is_made_for_this_user_alone_and_never_emptied(tmp_path: Path) -> None:
    path = tmp_path / "file"
    make_private(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("content")
    make_private(path)
    assert path.read_text() == "content"


# ------------------------------------------------------------------ sealing


def test_what_is_sealed_opens_with_the_same_key_only() -> None:
    sealer, other = Sealer(Fernet.generate_key()), Sealer(Fernet.generate_key())
    sealed = sealer.seal(Excerpt("words", "a name"))
    assert b"words" not in sealed
    assert sealer.unseal(sealed) == Excerpt("words", "a name")
    assert other.unseal(sealed) == Excerpt("", "")
    assert sealer.unseal(None) == Excerpt("", "")


def test_so_much_of_a_text_is_sealed() -> None:
    sealer = Sealer(Fernet.generate_key())
    sealed = sealer.seal(Excerpt("a" * (LONGEST + 1), "b" * (LONGEST + 1)))
    assert sealer.unseal(sealed) == Excerpt("a" * 16_000, "b" * (LONGEST + 1))


def test_a_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = Sealer.open(path).seal(Excerpt("words", ""))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Sealer.open(path).unseal(sealed).text == "words"
    with pytest.raises(OperatorError, match="cannot read or create the key"):
        Sealer.open(tmp_path / "nowhere" / "key")
    path.write_text("no key")
    with pytest.raises(OperatorError, match="does not contain a key"):
        Sealer.open(path)


async def test_the_key_is_beside_the_database_or_where_it_is_named(tmp_path: Path) -> None:
    for key in (None, tmp_path / "elsewhere"):
        store = await SqliteStore.open(tmp_path / "db", key)
        await store.close()
        assert (key or tmp_path / "db.key").exists()
    (tmp_path / "elsewhere").write_text("no key")
    with pytest.raises(OperatorError, match="does not contain a key"):
        await SqliteStore.open(tmp_path / "db", tmp_path / "elsewhere")


# ------------------------------------------------------------------ patience


class Flaky:
    """A write that fails so many times."""

    def __init__(self, times: int, patience: Patience) -> None:
        self.left = times
        self.patience = patience
        self.reasons: list[str | None] = []

    async def write(self) -> str:
        self.reasons.append(self.patience.reason)
        self.left -= 1
        if self.left >= 0:
            raise StoreUnavailableError(f"disk full, {self.left} more")
        return "written"


async def test_a_write_is_repeated_until_the_database_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("bot.store.patience.asyncio.sleep", sleep)
    patience = Patience()
    flaky = Flaky(6, patience)
    assert await patience.until_written(flaky.write, "decisions") == "written"
    assert slept == [*WAITS, WAITS[-1], WAITS[-1]]
    assert flaky.reasons == [None, *[f"disk full, {left} more" for left in range(5, -1, -1)]]
    assert patience.reason is None
    assert WAITS == (0.1, 0.5, 2.0, 5.0)


# ------------------------------------------------------------------ the database's file


async def test_a_database_that_is_gone_or_another_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "db"
    store = await SqliteStore.open(path)
    assert store.problem() is None
    path.rename(tmp_path / "moved")
    assert "was removed or replaced" in str(store.problem())
    path.touch()
    assert "was removed or replaced" in str(store.problem())
    await store.close()


@pytest.mark.parametrize("set_aside", [True, False])
async def test_a_damaged_database_is_set_aside_or_refused(
    tmp_path: Path, *, set_aside: bool
) -> None:
    path = tmp_path / "db"
    path.write_bytes(b"this is no database at all" * 100)
    if not set_aside:
        with pytest.raises(OperatorError, match="is damaged"):
            await Database.open(path, set_aside=False)
        assert path.read_bytes().startswith(b"this is no database")
        return
    database = await Database.open(path)
    await database.close()
    (aside,) = (file for file in tmp_path.iterdir() if "damaged" in file.name)
    assert aside.read_bytes().startswith(b"this is no database")


async def test_a_newer_version_says_both_numbers(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    await store.close()
    with closing(sqlite3.connect(tmp_path / "db")) as raw:
        (known,) = raw.execute("PRAGMA user_version").fetchone()
        raw.execute(f"PRAGMA user_version = {known + 1}")
        raw.commit()
    with pytest.raises(OperatorError, match=f"schema {known + 1}, this one knows {known}"):
        await SqliteStore.open(tmp_path / "db")


async def test_facts_are_written_over(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    assert await store.fact("tree") is None
    for value in ("a", "b"):
        await store.set_fact("tree", value)
        assert await store.fact("tree") == value
    await store.close()


# ------------------------------------------------------------------ backups


async def test_what_is_put_back_does_nothing_again_and_reads_nothing_again(
    tmp_path: Path,
) -> None:
    path, backup = tmp_path / "db", tmp_path / "backup"
    made = making.decision(1, Kind.ALERT, Kind.DELETE, text="words")
    store = await SqliteStore.open(path)
    await store.journal.record([made], [Mark(GuildId(2), ChannelId(3), SubjectId(1))])
    copy_to(path, backup)
    await store.set_fact("since", "the backup")
    await store.close()
    aside = await restore(backup, path)
    assert aside is not None
    assert aside.name.startswith("db.before-restore-")
    store = await SqliteStore.open(path)
    assert await store.fact("since") is None
    assert await store.journal.unfinished() == []
    (case,) = await store.journal.told_by_alert(made.post.id)
    assert {outcome.status for outcome in case.outcomes.values()} == {Status.FAILED}
    assert {outcome.note.key for outcome in case.outcomes.values() if outcome.note} == {
        "failed.restored"
    }
    assert case.decision.post.text == ""
    assert await store.watermarks.all() == {}
    await store.close()
    store = await SqliteStore.open(aside)
    assert await store.fact("since") == "the backup"
    assert len(await store.journal.unfinished()) == 1
    await store.close()
    assert not (tmp_path / "db.restoring").exists()
    assert await restore(backup, tmp_path / "fresh") is None


async def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(OperatorError, match="was not copied"):
        copy_to(tmp_path / "bad", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    empty = tmp_path / "empty"
    sqlite3.connect(empty).close()
    empty.touch()
    with pytest.raises(OperatorError, match="is not a Bellwether database"):
        await restore(empty, tmp_path / "db")
    assert not (tmp_path / "db").exists()


def test_reading_a_backup_leaves_no_files_beside_it(tmp_path: Path) -> None:
    """In WAL mode, a reader would."""
    source = tmp_path / "live.sqlite3"
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE entries (name TEXT)")
    folder = tmp_path / "copies"
    folder.mkdir()
    copy_to(source, folder / "copy.sqlite3")
    assert [path.name for path in folder.iterdir()] == ["copy.sqlite3"]
