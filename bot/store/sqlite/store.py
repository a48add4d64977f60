"""The store on SQLite, by topic."""

from __future__ import annotations

from pathlib import Path

from bot.store.seal import Sealer
from bot.store.sqlite.database import Database
from bot.store.sqlite.housekeeping import SqliteHousekeeping
from bot.store.sqlite.journal import SqliteJournal
from bot.store.sqlite.settings import SqliteSettings
from bot.store.sqlite.verdicts import SqliteVerdicts
from bot.store.sqlite.watermarks import SqliteWatermarks


class SqliteStore:
    """All stored data. Open it with ``open``, close it with ``close``."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self.journal = SqliteJournal(database, sealer)
        self.verdicts = SqliteVerdicts(database)
        self.watermarks = SqliteWatermarks(database)
        self.settings = SqliteSettings(database)
        self.housekeeping = SqliteHousekeeping(database)

    @classmethod
    async def open(
        cls, path: Path, key_file: Path | None = None, *, set_aside: bool = True
    ) -> SqliteStore:
        """Open or create the database and its key, which is by default in a file next to it.

        A damaged database is set aside and a new one is created. Without ``set_aside``, it is left
        as it is and is an error. Raises ``OperatorError`` if a file cannot be used.
        """
        database = await Database.open(path, set_aside=set_aside)
        try:
            sealer = Sealer.open(key_file or path.with_name(f"{path.name}.key"))
        except BaseException:
            await database.close()
            raise
        return cls(database, sealer)

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()

    def problem(self) -> str | None:
        """Return what is wrong with the database file, or ``None`` if nothing is."""
        return self._database.problem()

    async def fact(self, name: str) -> str | None:
        """Return a fact about this installation, or ``None`` if it was never written."""
        row = await self._database.row("SELECT value FROM facts WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    async def set_fact(self, name: str, value: str) -> None:
        """Write a fact about this installation."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO facts VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )
