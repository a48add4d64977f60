"""How far each channel has been read without a gap."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.domain import ChannelId, GuildId, SubjectId
from bot.store.ports import Mark
from bot.store.sqlite.database import Database


def write_marks(connection: sqlite3.Connection, marks: Sequence[Mark]) -> None:
    """Raise watermarks inside a transaction. They are never lowered."""
    connection.executemany(
        "INSERT INTO watermarks VALUES (?, ?, ?) ON CONFLICT (guild_id, channel_id)"
        " DO UPDATE SET message_id = max(message_id, excluded.message_id)",
        [(mark.guild, mark.channel, mark.message) for mark in marks],
    )


class SqliteWatermarks:
    """See ``ports.Watermarks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[GuildId, dict[ChannelId, SubjectId]]:
        """Return every watermark, by server and channel."""
        found: dict[GuildId, dict[ChannelId, SubjectId]] = {}
        for guild, channel, message in await self._database.rows(
            "SELECT guild_id, channel_id, message_id FROM watermarks"
        ):
            found.setdefault(GuildId(guild), {})[ChannelId(channel)] = SubjectId(message)
        return found

    async def raise_to(self, marks: Sequence[Mark]) -> None:
        """Raise watermarks. One that is already higher is not changed."""
        await self._database.write(lambda connection: write_marks(connection, marks))

    async def drop(self, guild: GuildId, channels: Sequence[ChannelId]) -> None:
        """Delete the watermarks of channels that no longer exist."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "DELETE FROM watermarks WHERE guild_id = ? AND channel_id = ?",
                [(guild, channel) for channel in channels],
            )
