"""One SQLite file, one connection, one writer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path

import aiosqlite

from bot.errors import OperatorError


def now() -> int:
    """Return the time as it is stored: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Database:
    """The connection and its transactions. Open it with ``open``, close it with ``close``.

    All writes go through one connection and one lock, so that no statement of one task lands in
    another task's transaction.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open or create the database and bring its tables to this version.

        Raises ``OperatorError`` where the file cannot be used.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # autocommit off the library's hands: transactions are begun and ended here, plainly.
            connection = await aiosqlite.connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(
                f"cannot open the database {path}: {error}. Check that the folder exists and that "
                "this user may write to it, or set storage.database."
            ) from error
        try:
            for pragma in (
                "journal_mode=WAL",
                # A decision that was acted on must survive a power cut; commits are batched, so
                # the extra sync costs little.
                "synchronous=FULL",
                "busy_timeout=5000",
                "foreign_keys=ON",
            ):
                await connection.execute(f"PRAGMA {pragma}")
            database = cls(connection)
            await database._migrate(path)
        except sqlite3.Error as error:
            await connection.close()
            raise OperatorError(
                f"the database {path} cannot be used: {error}. If the file is damaged, move it "
                "away and start again: the bot creates a new one."
            ) from error
        except BaseException:
            await connection.close()
            raise
        return database

    async def close(self) -> None:
        """Close the connection. aiosqlite keeps a thread alive until then."""
        await self._connection.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Hold the writer's place: what is executed in the block is written whole or not at all."""
        async with self._writing:
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
            except BaseException:
                # Also where BEGIN itself was cancelled: its statement runs all the same. Where it
                # failed there is nothing to roll back.
                with suppress(sqlite3.OperationalError):
                    await self._connection.execute("ROLLBACK")
                raise
            await self._connection.execute("COMMIT")

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterable[sqlite3.Row]:
        """Return every row of a query."""
        async with self._connection.execute(sql, parameters) as cursor:
            return await cursor.fetchall()

    async def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, ``None`` where there is none."""
        async with self._connection.execute(sql, parameters) as cursor:
            return await cursor.fetchone()

    async def _migrate(self, path: Path) -> None:
        folder = resources.files("bot.store") / "migrations"
        scripts = sorted(
            (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
            key=lambda entry: entry.name,
        )
        row = await self.row("PRAGMA user_version")
        version = row[0] if row else 0
        if version > len(scripts):
            raise OperatorError(
                f"the database {path} was written by a newer Bellwether (schema {version}, this "  # noqa: S608 - a count of our own
                f"one knows {len(scripts)}). Update Bellwether, or set another storage.database."
            )
        for number, script in enumerate(scripts[version:], start=version + 1):
            async with self.transaction() as connection:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    await connection.execute(statement)
                await connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> list[str]:
    """Split a migration at the ends of its statements, as SQLite itself sees them."""
    found: list[str] = []
    current = ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    if current.strip():
        raise ValueError(f"a migration ends inside a statement: {current.strip()[:80]!r}")
    return found
