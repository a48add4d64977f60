"""Copies the database while the bot runs, and restores a copy."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.errors import OperatorError
from bot.store.files import make_private
from bot.store.sqlite.database import Database, now


def copy_to(database: Path, target: Path) -> None:
    """Copy a database to a new file. Raises ``OperatorError`` and then leaves no file behind.

    The copy is made in one step. In WAL mode a reader blocks no writer, but a copy in several steps
    starts over after every write, and would never finish on a busy database.
    """
    try:
        make_private(target)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            # In WAL mode, reading the copy would leave two more files beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        wrong = _problem_of(target)
    except (OSError, sqlite3.OperationalError) as error:
        target.unlink(missing_ok=True)
        raise OperatorError(
            f"cannot copy {database} to {target}: {error}. Check that this user may read the first "
            "and write the second, and that the disk is not full."
        ) from error
    except sqlite3.DatabaseError as error:
        wrong = f"cannot be read as a database ({error})"
    if wrong is not None:
        target.unlink(missing_ok=True)
        raise OperatorError(
            f"{database} {wrong}, and was not copied. Restore an earlier backup, or start the bot: "
            "it sets a damaged database aside and creates a new one."
        )


async def restore(backup: Path, database: Path) -> Path | None:
    """Replace a database with a copy. Return the new path of the old database, or ``None``.

    Pending actions in the copy are cancelled: they may have been carried out since, and moderators
    may have undone them. For the same reason, catch-up skips messages written before the restore.
    Raises ``OperatorError`` and then changes nothing.
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
    """Check that a backup can be restored, and copy it to a file next to the database."""
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
    """Raise ``OperatorError`` if a file is not an intact database of Bellwether."""
    if wrong := _problem_of(backup):
        raise OperatorError(f"{backup} {wrong}. Name a file that `bellwether backup` wrote.")


def _problem_of(path: Path) -> str | None:
    """Return why a file is not an intact database of Bellwether, or ``None`` if it is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
            (result,) = source.execute("PRAGMA quick_check(1)").fetchone()
            known = source.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone()
    except sqlite3.Error as error:
        return f"cannot be read as a database ({error})"
    if result != "ok":
        return f"is damaged ({' '.join(result.split())})"
    return None if known else "is not a Bellwether database"


def _require_stopped(database: Path) -> None:
    """Raise ``OperatorError`` while another process has the database open."""
    try:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as held:
            held.execute("PRAGMA locking_mode = EXCLUSIVE")
            held.execute("BEGIN IMMEDIATE")
            held.execute("ROLLBACK")
            # Moves everything from the write-ahead log into the file, which is then renamed.
            held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise OperatorError(
            f"{database} is in use ({error}). Stop the bot, then restore."
        ) from error
    except sqlite3.DatabaseError:
        return  # damaged, which may be why it is replaced
