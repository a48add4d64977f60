"""Erases expired data, and a person's data on request. Erased data is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from bot.domain import GuildId, UserId
from bot.store.ports import Kept, StoreUnavailableError
from bot.store.sqlite.database import Database, now
from bot.store.sqlite.rows import milliseconds, moment

CHUNK: Final = 1_000
"""Cases erased in one transaction. It is small so that no writer waits long."""

SETTLED: Final = "NOT EXISTS (SELECT 1 FROM actions WHERE case_id = c.id AND status = 'pending')"
"""A case with a pending action is never erased, because that would cancel the action."""


class SqliteHousekeeping:
    """Erases cases from all tables, in small transactions. See ``ports.Housekeeping``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expire(self, before: datetime) -> int:
        """Erase cases that were written and decided before a time; return their number.

        Both times count, because an old message may have been edited and decided on yesterday.
        """
        at = milliseconds(before)
        return await self._erase(f"c.decided_at < ? AND c.created_at < ? AND {SETTLED}", (at, at))

    async def forget_author(
        self,
        author: UserId,
        guild: GuildId | None = None,
        *,
        decided_before: datetime | None = None,
    ) -> int:
        """Erase all cases of a person, in one server or in all; return their number."""
        where, parameters = f"c.author_id = ? AND {SETTLED}", [int(author)]
        if guild is not None:
            where += " AND +c.guild_id = ?"  # not by its index: chunks go by number
            parameters.append(guild)
        if decided_before is not None:
            where += (
                " AND (c.decided_at < ? OR NOT EXISTS"
                " (SELECT 1 FROM actions WHERE case_id = c.id))"
                " AND NOT EXISTS (SELECT 1 FROM reports WHERE case_id = c.id AND at >= ?)"
            )
            parameters += [milliseconds(decided_before)] * 2
        return await self._erase(where, tuple(parameters))

    async def erase_later(self, author: UserId, guild: GuildId, requested_at: datetime) -> None:
        """Store a person's request to be forgotten in a server; a later request replaces it."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO erasures VALUES (?, ?, ?) ON CONFLICT (guild_id, author_id)"
                " DO UPDATE SET requested_at = excluded.requested_at",
                (guild, author, milliseconds(requested_at)),
            )

    async def erase_due(self, before: datetime) -> int:
        """Carry out the erase requests made before a time; return the number of erased cases."""
        erased = 0
        for guild, author, requested_at in await self._database.read(
            "SELECT guild_id, author_id, requested_at FROM erasures WHERE requested_at < ?",
            (milliseconds(before),),
        ):
            erased += await self.forget_author(
                UserId(author), GuildId(guild), decided_before=moment(requested_at)
            )
            async with self._database.transaction() as connection:
                await connection.execute(
                    "DELETE FROM erasures"
                    " WHERE guild_id = ? AND author_id = ? AND requested_at = ?",
                    (guild, author, requested_at),
                )
        return erased

    async def forget_server(self, guild: GuildId) -> int:
        """Erase everything about a server: cases, settings, their history, watermarks."""
        erased = await self._erase("+c.guild_id = ?", (guild,))
        async with self._database.transaction() as connection:
            for table in ("entries", "changes", "watermarks", "departures", "erasures"):
                await connection.execute(f"DELETE FROM {table} WHERE guild_id = ?", (guild,))
        await self.overwrite()
        return erased

    async def kept_about(self, author: UserId, guild: GuildId) -> Kept:
        """Return how much is stored about a person in one server."""
        (row,) = await self._database.read(
            "SELECT count(DISTINCT c.subject_id), min(c.created_at), count(a.kind),"
            " count(DISTINCT v.case_id) FROM cases c LEFT JOIN actions a ON a.case_id = c.id"
            " LEFT JOIN verdicts v ON v.case_id = c.id WHERE c.author_id = ? AND c.guild_id = ?",
            (author, guild),
        )
        return Kept(row[0], row[2], row[3], None if row[1] is None else moment(row[1]))

    async def left(self, guild: GuildId) -> None:
        """Record that the bot left a server. If it is already recorded, the first time stays."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO departures VALUES (?, ?) ON CONFLICT (guild_id) DO NOTHING",
                (guild, now()),
            )

    async def returned(self, guilds: Sequence[GuildId]) -> None:
        """Record that the bot is in these servers, so their data is kept."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "DELETE FROM departures WHERE guild_id = ?", [(guild,) for guild in guilds]
            )

    async def departed(self, before: datetime) -> list[GuildId]:
        """Return the servers that the bot left before this time."""
        rows = await self._database.rows(
            "SELECT guild_id FROM departures WHERE left_at < ?", (milliseconds(before),)
        )
        return [GuildId(row[0]) for row in rows]

    async def overwrite(self) -> None:
        """Empty the write-ahead log into the file, so that no erased page is left in the log.

        A busy reader prevents that; the next hourly run tries again.
        """
        with suppress(StoreUnavailableError):
            await self._database.row("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _erase(self, where: str, parameters: tuple[object, ...]) -> int:
        """Erase the cases that match a condition, and all rows about them; return their number."""
        total = last = 0
        while True:
            # Each chunk starts where the last one ended, so the table is scanned only once. An
            # index by author would avoid that scan, but slow down the writing of every decision.
            rows = await self._database.read(
                f"SELECT c.id FROM cases c WHERE {where} AND c.id > ? ORDER BY c.id LIMIT {CHUNK}",
                (*parameters, last),
            )
            if not rows:
                break
            async with self._database.transaction() as connection:
                await connection.executemany(
                    "DELETE FROM cases WHERE id = ?", [(row[0],) for row in rows]
                )
            total += len(rows)
            last = rows[-1][0]
        if total:
            await self.overwrite()
        return total
