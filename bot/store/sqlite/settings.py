"""The settings of servers, and the history of their changes."""

from __future__ import annotations

import json

from bot.domain import GuildId, UserId
from bot.policy.entries import Changes, Entries, Value
from bot.store.ports import Change
from bot.store.sqlite.database import Database, now
from bot.store.sqlite.rows import moment


class SqliteSettings:
    """See ``ports.SettingsStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self) -> dict[GuildId, Entries]:
        """Return the settings of every server."""
        found: dict[GuildId, dict[str, Value]] = {}
        for guild_id, name, value in await self._database.rows(
            "SELECT guild_id, name, value FROM entries"
        ):
            found.setdefault(GuildId(guild_id), {})[name] = json.loads(value)
        return dict(found)

    async def change(
        self, guild: GuildId, changes: Changes, by: UserId, *, undoes: int | None = None
    ) -> int:
        """Write changed entries and their history in one transaction; return the change's number."""
        at = now()
        async with self._database.transaction() as connection:
            before = {
                row[0]: row[1]
                for row in await self._database.rows(
                    "SELECT name, value FROM entries WHERE guild_id = ?", (guild,)
                )
            }
            row = await self._database.row(
                "SELECT coalesce(max(number), 0) + 1 FROM changes WHERE guild_id = ?", (guild,)
            )
            number: int = row[0] if row else 1
            for name, value in changes.items():
                after = None if value is None else json.dumps(value)
                if after == before.get(name):
                    continue
                await connection.execute(
                    "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (guild, number, name, before.get(name), after, by, at, undoes),
                )
                if after is None:
                    await connection.execute(
                        "DELETE FROM entries WHERE guild_id = ? AND name = ?", (guild, name)
                    )
                else:
                    await connection.execute(
                        "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (guild_id, name)"
                        " DO UPDATE SET value = excluded.value",
                        (guild, name, after),
                    )
        return number

    async def changes(
        self, guild: GuildId, *, most: int = 50, number: int | None = None
    ) -> list[Change]:
        """Return a server's latest changes, newest first; with ``number``, only that change."""
        rows = await self._database.rows(
            "SELECT number, name, before, after, changed_by, changed_at, undoes FROM changes"
            " WHERE guild_id = ?1 AND (?2 IS NULL OR number = ?2)"
            " ORDER BY number DESC, name LIMIT ?3",
            (guild, number, most),
        )
        return [
            Change(
                number=row[0],
                name=row[1],
                before=None if row[2] is None else json.loads(row[2]),
                after=None if row[3] is None else json.loads(row[3]),
                changed_by=UserId(row[4]),
                changed_at=moment(row[5]),
                undoes=row[6],
            )
            for row in rows
        ]

    async def undone(self, guild: GuildId) -> set[int]:
        """Return the numbers of the changes that are undone; an undo can be undone itself."""
        rows = await self._database.rows(
            "SELECT DISTINCT number, undoes FROM changes"
            " WHERE guild_id = ? AND undoes IS NOT NULL ORDER BY number DESC",
            (guild,),
        )
        undone: set[int] = set()
        for number, undoes in rows:
            if number not in undone:
                undone.add(undoes)
        return undone
