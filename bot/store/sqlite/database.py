"""One SQLite file, one connection, one writer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import TypeVar

import aiosqlite
import structlog

from bot.errors import OperatorError
from bot.store.files import make_private, warn_if_readable
from bot.store.ports import StoreBrokenError, StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")


def now() -> int:
    """Return the time as it is stored: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Writer(aiosqlite.Connection):
    """An aiosqlite connection that can also run a function on its thread."""

    @classmethod
    async def to(cls, path: Path) -> Writer:
        """Connect to a file. The library does not begin or end transactions by itself."""

        def connector() -> sqlite3.Connection:
            return sqlite3.connect(path, isolation_level=None)

        writer = cls(connector, iter_chunk_size=64)
        await writer
        return writer

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function on the connection's thread and return its result."""
        found: T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
        return found


class Database:
    """The connection and its transactions. Open it with ``open``, close it with ``close``.

    All writes go through one connection and one lock, so that a task's statements never end up in
    another task's transaction.
    """

    def __init__(self, path: Path, connection: Writer, reader: aiosqlite.Connection) -> None:
        self._path = path
        self._file = path.stat().st_ino
        self._connection = connection
        self._reader = reader
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, set_aside: bool = True) -> Database:
        """Open or create the database and migrate its tables to this version.

        A damaged file is set aside and a new one is created, because a bot that does not start
        protects nobody. Without ``set_aside``, a damaged file is an error. Raises ``OperatorError``
        if the file cannot be used.
        """
        try:
            return await cls._opened(path)
        except (sqlite3.OperationalError, StoreUnavailableError) as error:
            raise OperatorError(
                f"the database {path} cannot be used: {error}. Check that this user may write to "
                "it and that no other program has it open."
            ) from error
        except (sqlite3.DatabaseError, StoreBrokenError) as error:
            if not set_aside:
                raise OperatorError(
                    f"the database {path} is damaged ({error}) and was left as it is. Start the "
                    "bot, which sets it aside, or restore a backup."
                ) from error
            aside = _set_aside(path)
            log.error(  # noqa: TRY400 - the reason says all
                "damaged database set aside", aside=str(aside), reason=str(error)
            )
            return await cls._opened(path)

    @classmethod
    async def _opened(cls, path: Path) -> Database:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # To SQLite, an empty file is a new database. If it cannot be created, this fails
            # before aiosqlite starts a thread.
            make_private(path)
            warn_if_readable(path)
            connection = await Writer.to(path)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(
                f"cannot open the database {path}: {error}. Check that the folder exists and that "
                "this user may write to it, or set storage.database."
            ) from error
        reader: aiosqlite.Connection | None = None
        try:
            for pragma in (
                "journal_mode=WAL",
                # A decision that was acted on must survive a power failure. Commits are batched,
                # so the extra sync costs little.
                "synchronous=FULL",
                "busy_timeout=5000",
                # Erased data is overwritten.
                "secure_delete=ON",
                # A migration may replace a table that other tables refer to.
                "foreign_keys=OFF",
            ):
                await connection.execute(f"PRAGMA {pragma}")
            reader = await aiosqlite.connect(path, isolation_level=None)
            database = cls(path, connection, reader)
            result = await database.row("PRAGMA quick_check(1)")
            if result is None or result[0] != "ok":
                raise sqlite3.DatabaseError(result[0] if result else "no answer")  # noqa: TRY301 - as SQLite itself does
            await database._migrate(path)
            await connection.execute("PRAGMA foreign_keys=ON")
            await reader.execute("PRAGMA query_only=ON")
        except BaseException:
            await _closed(connection, reader)
            raise
        return database

    async def close(self) -> None:
        """Close the connections. aiosqlite keeps a thread alive for each until then."""
        await self._reader.close()
        await self._connection.close()

    def problem(self) -> str | None:
        """Return an error if the file was removed or replaced, which would lose what is written."""
        try:
            same = self._path.stat().st_ino == self._file
        except OSError:
            same = False
        return None if same else f"the database {self._path} was removed or replaced"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Run the block as one transaction. Either all of it is written or nothing.

        Raises ``StoreUnavailableError``, like every other method, while the database is unusable.
        """
        async with self._writing:
            with _unavailable():
                try:
                    await self._connection.execute("BEGIN IMMEDIATE")
                    yield self._connection
                except BaseException:
                    # Also needed if BEGIN was cancelled, because the statement still runs. If BEGIN
                    # failed, there is nothing to roll back.
                    with suppress(sqlite3.OperationalError):
                        await self._connection.execute("ROLLBACK")
                    raise
                await self._connection.execute("COMMIT")

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function as one transaction on the connection's thread; return its result.

        Either all of it is written or nothing. This switches threads only once, whereas
        ``transaction`` does so for every statement. Cancelling the caller does not stop it.
        """
        async with self._writing:
            with _unavailable():
                return await self._connection.run(lambda conn: _in_transaction(conn, work))

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterable[sqlite3.Row]:
        """Return every row of a query."""
        with _unavailable():
            async with self._connection.execute(sql, parameters) as cursor:
                return await cursor.fetchall()

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return every row of a long query without blocking writers."""
        with _unavailable():
            async with self._reader.execute(sql, parameters) as cursor:
                return list(await cursor.fetchall())

    async def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or ``None`` if there is none."""
        with _unavailable():
            async with self._connection.execute(sql, parameters) as cursor:
                return await cursor.fetchone()

    async def _migrate(self, path: Path) -> None:
        folder = resources.files("bot.store.sqlite") / "migrations"
        scripts = sorted(
            (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
            key=lambda entry: entry.name,
        )
        row = await self.row("PRAGMA user_version")
        version = row[0] if row else 0
        if version > len(scripts):
            raise OperatorError(
                f"the database {path} was written by a newer Bellwether (schema {version}, this "
                f"one knows {len(scripts)}). Update Bellwether, or set another storage.database."
            )
        for number, script in enumerate(scripts[version:], start=version + 1):
            async with self.transaction() as connection:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    await connection.execute(statement)
                await connection.execute(f"PRAGMA user_version = {number}")


@contextmanager
def _unavailable() -> Iterator[None]:
    """Translate SQLite's errors into the port's errors."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailableError(str(error)) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a subclass, for example for an invalid value
        raise StoreBrokenError(str(error)) from error


def _in_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        connection.execute("BEGIN IMMEDIATE")
        found = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.OperationalError):  # there may be nothing to roll back
            connection.execute("ROLLBACK")
        raise
    return found


def _set_aside(path: Path) -> Path:
    """Rename a database and its write-ahead log; return the new path of the database."""
    aside = path.with_name(f"{path.name}.damaged-{now()}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


async def _closed(*connections: aiosqlite.Connection | None) -> None:
    for connection in connections:
        if connection is not None:
            await connection.close()


def _statements(script: str) -> list[str]:
    """Split a migration into statements, at the ends that SQLite itself recognises."""
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
