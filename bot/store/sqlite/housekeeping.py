"""What must not be kept: erased after its time, or when a person asks. Erased means overwritten."""

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
"""Cases erased in one transaction, so that no writer waits long."""

SETTLED: Final = "NOT EXISTS (SELECT 1 FROM actions WHERE case_id = c.id AND status = 'pending')"
"""A case with an action to come is never erased: that would undo a decision."""


class SqliteHousekeeping:
    """Erases from every table at once, in small transactions. See ``ports.Housekeeping``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expire(self, before: datetime) -> int:
        """Erase what was written and decided before a time; return how many cases.

        Of both times the later counts: an old message that was edited yesterday was decided then.
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
        """Erase all about a person's posts, in one server or everywhere; return how many cases."""
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
        """Remember that a person asked to be forgotten in a server; the latest time counts."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO erasures VALUES (?, ?, ?) ON CONFLICT (guild_id, author_id)"
                " DO UPDATE SET requested_at = excluded.requested_at",
                (guild, author, milliseconds(requested_at)),
            )

    async def erase_due(self, before: datetime) -> int:
        """Erase what was decided before the requests that were made before a time."""
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
        """Erase all of a server: cases, settings, their history, watermarks."""
        erased = await self._erase("+c.guild_id = ?", (guild,))
        async with self._database.transaction() as connection:
            for table in ("entries", "changes", "watermarks", "departures", "erasures"):
                await connection.execute(f"DELETE FROM {table} WHERE guild_id = ?", (guild,))
        await self.overwrite()
        return erased

    async def kept_about(self, author: UserId, guild: GuildId) -> Kept:
        """Return how much is kept about a person's posts in one server."""
        (row,) = await self._database.read(
            "SELECT count(DISTINCT c.subject_id), min(c.created_at), count(a.kind),"
            " count(DISTINCT v.case_id) FROM cases c LEFT JOIN actions a ON a.case_id = c.id"
            " LEFT JOIN verdicts v ON v.case_id = c.id WHERE c.author_id = ? AND c.guild_id = ?",
            (author, guild),
        )
        return Kept(row[0], row[2], row[3], None if row[1] is None else moment(row[1]))

    async def left(self, guild: GuildId) -> None:
        """Remember that the bot left a server, from the first time on."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO departures VALUES (?, ?) ON CONFLICT (guild_id) DO NOTHING",
                (guild, now()),
            )

    async def returned(self, guilds: Sequence[GuildId]) -> None:
        """Remember that the bot is in some servers: their data stay."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "DELETE FROM departures WHERE guild_id = ?", [(guild,) for guild in guilds]
            )

    async def departed(self, before: datetime) -> list[GuildId]:
        """Return the servers that the bot left before a time."""
        rows = await self._database.rows(
            "SELECT guild_id FROM departures WHERE left_at < ?", (milliseconds(before),)
        )
        return [GuildId(row[0]) for row in rows]

    async def overwrite(self) -> None:
        """Fold the write-ahead log into the file, so that no erased page is left in it.

        Where a reader is busy nothing is folded in; the next hour tries again.
        """
        with suppress(StoreUnavailableError):
            await self._database.row("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _erase(self, where: str, parameters: tuple[object, ...]) -> int:
        """Erase the cases that a condition finds, with all that hangs on them; return how many."""
        total = last = 0
        while True:
            # Each chunk goes on where the last one ended. An index by author would spare the one
            # search that remains, and make each decision's writing take longer.
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
