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
        wrong = _problem_of(target)
    except (OSError, sqlite3.OperationalError) as error:
        target.unlink(missing_ok=True)
        raise OperatorError(
            f"cannot copy {database} to {target}: {error}. Check that this user may read the one "
            "and write the other, and that the disk is not full."
        ) from error
    except sqlite3.DatabaseError as error:
        wrong = f"cannot be read as a database ({error})"
    if wrong is not None:
        target.unlink(missing_ok=True)
        raise OperatorError(
            f"{database} {wrong}, and was not copied. Restore an earlier backup, or start the bot: "
            "it sets a damaged database aside and begins a new one."
        )


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
    database.parent.mkdir(parents=True, exist_ok=True)
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
    if wrong := _problem_of(backup):
        raise OperatorError(f"{backup} {wrong}. Name a file that `bellwether backup` wrote.")


def _problem_of(path: Path) -> str | None:
    """Return why a file is no sound database of Bellwether's, ``None`` if it is one."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
            (sound,) = source.execute("PRAGMA quick_check(1)").fetchone()
            known = source.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone()
    except sqlite3.Error as error:
        return f"cannot be read as a database ({error})"
    if sound != "ok":
        return f"is damaged ({' '.join(sound.split())})"
    return None if known else "is not a database of Bellwether's"


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
