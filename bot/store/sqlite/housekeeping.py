"""What must not be kept: erased after its time, or when a person asks. Erased means overwritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.store.sqlite.database import Database, now
from bot.store.sqlite.journal import NICKNAME

CHUNK: Final = 1_000
"""Messages erased in one transaction, so that no writer waits long."""

DISCORD_EPOCH: Final = 1_420_070_400_000
"""Milliseconds from 1970 to the first of 2015, which Discord's ids count from."""

OF_MESSAGES: Final = ("excerpts", "verdicts", "acts", "actions", "scores")
"""The tables that hold something about a message, children before parents."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept about one person in one server."""

    messages: int
    actions: int
    verdicts: int
    first_at: int | None
    """Milliseconds since 1970."""


class Housekeeping:
    """Erases from every table at once, in small transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expire(self, before: datetime) -> int:
        """Erase all that is about messages older than a time; return how many messages."""
        # Ids are times, and the tables are in their order: nothing has to be searched. Nicknames go
        # by their members' ids, which are older; what was alerted once is not to be alerted again.
        milliseconds = int(before.timestamp() * 1000)
        oldest = (milliseconds - DISCORD_EPOCH) << 22
        return await self._erase(
            f"message_id < ? AND (facts & {NICKNAME} = 0 OR scored_at < ?)", (oldest, milliseconds)
        )

    async def forget_author(self, author_id: int, guild_id: int | None = None) -> int:
        """Erase all about what a person wrote, in one server or everywhere."""
        if guild_id is None:
            return await self._erase("author_id = ?", (author_id,))
        return await self._erase("author_id = ? AND guild_id = ?", (author_id, guild_id))

    async def forget_server(self, guild_id: int) -> int:
        """Erase all of a server: messages, settings, their history, watermarks."""
        erased = await self._erase("guild_id = ?", (guild_id,))
        async with self._database.transaction() as connection:
            for table in ("acts", "verdicts", "entries", "changes", "watermarks", "departures"):
                await connection.execute(f"DELETE FROM {table} WHERE guild_id = ?", (guild_id,))  # noqa: S608 - our own names
        await self.overwrite()
        return erased

    async def kept_about(self, author_id: int, guild_id: int) -> Kept:
        """Return how much is kept about a person's messages in one server."""
        (row,) = await self._database.read(
            "SELECT count(DISTINCT message_id), min(created_at),"
            " (SELECT count(*) FROM actions a JOIN scores t USING (message_id, revision)"
            "  WHERE t.author_id = ?1 AND t.guild_id = ?2),"
            " (SELECT count(*) FROM verdicts v JOIN scores t USING (message_id, revision)"
            "  WHERE t.author_id = ?1 AND t.guild_id = ?2)"
            " FROM scores WHERE author_id = ?1 AND guild_id = ?2",
            (author_id, guild_id),
        )
        return Kept(row[0], row[2], row[3], row[1])

    async def left(self, guild_id: int) -> None:
        """Remember that the bot left a server, from the first time on."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO departures VALUES (?, ?) ON CONFLICT (guild_id) DO NOTHING",
                (guild_id, now()),
            )

    async def returned(self, guild_ids: Sequence[int]) -> None:
        """Remember that the bot is in some servers: their data stay."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "DELETE FROM departures WHERE guild_id = ?", [(number,) for number in guild_ids]
            )

    async def departed(self, before: datetime) -> list[int]:
        """Return the servers that the bot left before a time."""
        rows = await self._database.rows(
            "SELECT guild_id FROM departures WHERE left_at < ?", (int(before.timestamp() * 1000),)
        )
        return [row[0] for row in rows]

    async def overwrite(self) -> None:
        """Fold the write-ahead log into the file, so that no erased page is left in it."""
        try:
            await self._database.row("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return  # a reader is busy; the next turn folds it in

    async def _erase(self, where: str, parameters: tuple[object, ...]) -> int:
        """Erase what the condition finds; return how many messages that were."""
        total = 0
        last = (-1, 0)
        while True:
            # Each chunk goes on where the last one ended. An index by author would spare the one
            # search that remains, and make each decision's writing take twice as long.
            rows = await self._database.read(
                "SELECT message_id, revision FROM scores"  # noqa: S608 - our own conditions
                f" WHERE {where} AND (message_id, revision) > (?, ?)"
                f" ORDER BY message_id, revision LIMIT {CHUNK}",
                (*parameters, *last),
            )
            keys = [(row[0], row[1]) for row in rows]
            if not keys:
                break
            async with self._database.transaction() as connection:
                for table in OF_MESSAGES:
                    # By both: a nickname goes by its member's id, which is the same everywhere.
                    await connection.executemany(
                        f"DELETE FROM {table} WHERE message_id = ? AND revision = ?",  # noqa: S608 - our own names
                        keys,
                    )
            total += len({message_id for message_id, _ in keys} - {last[0]})
            last = keys[-1]
        if total:
            await self.overwrite()
        return total
