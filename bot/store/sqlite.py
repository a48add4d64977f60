"""The store on SQLite: everything that is kept, by what it is about."""

from __future__ import annotations

from pathlib import Path

from bot.store.database import Database
from bot.store.desk import Desk
from bot.store.journal import Journal


class SqliteStore:
    """Everything that is kept. Open it with ``open``, close it with ``close``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.journal = Journal(database)
        self.desk = Desk(database)

    @classmethod
    async def open(cls, path: Path) -> SqliteStore:
        """Open or create the database; raises ``OperatorError`` where the file cannot be used."""
        return cls(await Database.open(path))

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()

    async def fact(self, name: str) -> str | None:
        """Return a fact about this installation, ``None`` where it was never written."""
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
