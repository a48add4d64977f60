"""Copying the database while the bot runs, and putting a copy back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.errors import OperatorError
from bot.store.files import make_private
from bot.store.sqlite.database import Database, now


def copy_to(database: Path, target: Path) -> None:
    """Copy a database to a new file. Raises ``OperatorError``; nothing is left behind then.

    In one step: in WAL mode a reader holds nobody up, while a copy in steps begins anew with each
    write in between, and does not end on a busy database.
    """
    try:
        make_private(target)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        raise OperatorError(f"the copy could not be made: {error}.") from error


async def restore(backup: Path, database: Path) -> Path | None:
    """Put a copy in a database's place; return where the one before was moved, if there was one.

    Nothing that was decided before is acted upon any more: what the copy has as unfinished may have
    been done since, and moderators may have taken it back. For the same reason what was written
    before now is not caught up with. Raises ``OperatorError``; nothing is changed then.
    """
    await asyncio.to_thread(_prepare, backup, database)
    fresh = _fresh(database)
    try:
        opened = await Database.open(fresh, set_aside=False)
        try:
            await _settle(opened)
        finally:
            await opened.close()
    except OperatorError:
        await asyncio.to_thread(fresh.unlink, missing_ok=True)
        raise
    return await asyncio.to_thread(_swap, fresh, database)


def _fresh(database: Path) -> Path:
    return database.with_name(f"{database.name}.restoring")


def _prepare(backup: Path, database: Path) -> None:
    """Check that a copy can be put back, and copy it beside the database."""
    _check(backup)
    if database.exists():
        _require_stopped(database)
    _fresh(database).unlink(missing_ok=True)
    copy_to(backup, _fresh(database))


def _swap(fresh: Path, database: Path) -> Path | None:
    aside = None
    if database.exists():
        aside = database.with_name(f"{database.name}.before-restore-{now()}")
        database.rename(aside)
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
    fresh.rename(database)
    return aside


async def _settle(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE actions SET status = 'failed', finished_at = ?,"
            """ note = '{"key": "failed.restored", "values": {}}' WHERE status = 'pending'""",
            (now(),),
        )
        await connection.execute("DELETE FROM excerpts")
        await connection.execute("DELETE FROM watermarks")
    await database.row("PRAGMA wal_checkpoint(TRUNCATE)")


def _check(backup: Path) -> None:
    """Raise ``OperatorError`` for a file that is no sound database of Bellwether's."""
    try:
        with closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as source:
            (sound,) = source.execute("PRAGMA quick_check(1)").fetchone()
            known = source.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone()
    except sqlite3.Error as error:
        raise OperatorError(
            f"{backup} cannot be read as a database ({error}). Name a file that "
            "`bellwether backup` made."
        ) from error
    if sound != "ok" or known is None:
        why = f"is damaged ({sound})" if sound != "ok" else "is not a database of Bellwether's"
        raise OperatorError(f"{backup} {why}. Name a file that `bellwether backup` made.")


def _require_stopped(database: Path) -> None:
    """Raise ``OperatorError`` while another process has the database open."""
    try:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as held:
            held.execute("PRAGMA locking_mode = EXCLUSIVE")
            held.execute("BEGIN IMMEDIATE")
            held.execute("ROLLBACK")
            # Everything goes into the one file that is moved away.
            held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise OperatorError(
            f"{database} is in use ({error}). Stop the bot, then restore."
        ) from error
    except sqlite3.DatabaseError:
        return  # damaged: that may be why it is replaced
