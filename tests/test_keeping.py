"""Backups, restoring them, and who else can read the files."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from bot.domain import ChannelId, GuildId, Kind, SubjectId, failed
from bot.errors import OperatorError
from bot.store.ports import Mark
from bot.store.sqlite.backup import copy_to, restore
from bot.store.sqlite.store import SqliteStore
from tests import making

MARK = Mark(GuildId(2), ChannelId(3), SubjectId(7))


async def furnished(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.journal.record([making.decision(1, Kind.ALERT, Kind.TIMEOUT)], [MARK])
    await store.close()


async def test_what_a_restored_backup_had_as_unfinished_is_not_done_again(tmp_path: Path) -> None:
    database, copy = tmp_path / "db", tmp_path / "copy"
    await furnished(database)
    copy_to(database, copy)
    aside = await restore(copy, database)
    assert aside is not None
    assert aside.exists()
    store = await SqliteStore.open(database)
    assert await store.journal.unfinished() == []
    assert await store.watermarks.all() == {}  # nothing from before is read again
    (case,) = await store.journal.told_by_alert(making.case_id(1))
    for kind in (Kind.ALERT, Kind.TIMEOUT):
        assert case.outcomes[kind] == failed("failed.restored")
    assert case.decision.post.text == ""
    await store.close()


async def test_a_backup_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = Path(__file__).parent.parent / "bot" / "store" / "sqlite" / "migrations"
    with closing(sqlite3.connect(tmp_path / "old")) as connection:
        for script in sorted(folder.glob("*.sql"))[:4]:
            connection.executescript(script.read_text())
        connection.execute("PRAGMA user_version = 4")
        connection.commit()
    assert await restore(tmp_path / "old", tmp_path / "db") is None
    store = await SqliteStore.open(tmp_path / "db")
    assert await store.journal.unfinished() == []
    await store.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
async def test_a_file_that_is_no_backup_changes_nothing(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "db"
    await furnished(database)
    (tmp_path / "wrong").write_bytes(content)
    before = database.read_bytes()
    with pytest.raises(OperatorError, match="bellwether backup"):
        await restore(tmp_path / "wrong", database)
    assert database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("db*restor*")) == []


async def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    database = tmp_path / "db"
    await furnished(database)
    copy_to(database, tmp_path / "copy")
    store = await SqliteStore.open(database)
    try:
        with pytest.raises(OperatorError, match="Stop the bot"):
            await restore(tmp_path / "copy", database)
    finally:
        await store.close()
    await restore(tmp_path / "copy", database)


async def test_a_backup_ends_though_the_bot_goes_on_writing(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    for number in range(50):
        await store.journal.record([making.decision(number)])
    copy_to(tmp_path / "db", tmp_path / "copy")
    await store.journal.record([making.decision(99)])
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT count(*) FROM cases").fetchone() == (50,)
    await store.close()


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
async def test_nobody_else_can_read_what_is_kept(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = await SqliteStore.open(tmp_path / "db")
        await store.journal.record([making.decision(1, Kind.ALERT)])
        copy_to(tmp_path / "db", tmp_path / "copy")
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert {path.name for path in tmp_path.iterdir()} >= {"db", "db-wal", "db.key", "copy"}
        await store.close()
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("name", ["db", "db.key"])
async def test_a_file_made_readable_is_warned_of(tmp_path: Path, name: str) -> None:
    structlog.reset_defaults()
    await furnished(tmp_path / "db")
    (tmp_path / name).chmod(0o644)
    with capture_logs() as logged:
        await furnished(tmp_path / "db")
    warnings = [entry for entry in logged if entry["event"] == "others can read this file"]
    assert [Path(entry["path"]).name for entry in warnings] == [name]


async def test_a_database_that_was_removed_or_replaced_is_noticed(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    assert store.problem() is None
    (tmp_path / "db").rename(tmp_path / "moved")
    assert "removed or replaced" in (store.problem() or "")
    (tmp_path / "db").write_bytes(b"")
    assert "removed or replaced" in (store.problem() or "")
    await store.close()
