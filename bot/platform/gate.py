"""Checks people's permissions on Discord at the moment they act."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord

from bot.desk.alerts import Target
from bot.desk.people import Asker, Right
from bot.domain import ChannelId, GuildId, Note, UserId
from bot.platform.errors import discord_errors
from bot.platform.permissions import (
    DELETE_PERMISSIONS,
    READ_PERMISSIONS,
    may_time_out,
    missing_permissions,
)
from bot.platform.places import Servers


def asker_of(member: discord.Member) -> Asker:
    """Return a member as an ``Asker``, with their server-wide rights."""
    granted = member.guild_permissions
    rights = frozenset(right for right in Right if getattr(granted, right.value))
    return Asker(UserId(member.id), rights)


class DiscordGate:
    """See ``desk.alerts.Gate``. Members are not cached, so it keeps those who clicked lately."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._askers: dict[tuple[int, int], discord.Member] = {}

    def admit(self, member: discord.Member) -> Asker:
        """Remember a member who has just clicked, with their roles, and return their ``Asker``."""
        self._askers.pop((member.guild.id, member.id), None)
        self._askers[member.guild.id, member.id] = member
        while len(self._askers) > 1_000:  # noqa: PLR2004 - only very recent clicks matter
            del self._askers[next(iter(self._askers))]
        return asker_of(member)

    async def may_delete(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody may not delete messages in a channel, or ``None`` if they may."""
        with discord_errors():
            found = await self._servers.find(guild, channel)
        if found is None:
            return Note("failed.no_channel")
        member = self._askers[guild, asker.id]
        missing = missing_permissions(found, DELETE_PERMISSIONS, member)
        if missing:
            return Note("refused.delete_permission", {"missing": " ".join(missing)})
        return None

    async def may_read(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody, or the bot, may not read a channel, or ``None`` if both may."""
        with discord_errors():
            found = await self._servers.find(guild, channel)
        if found is None:
            return Note("failed.no_channel")
        missing = missing_permissions(found, READ_PERMISSIONS, self._askers[guild, asker.id])
        if missing:
            return Note("refused.read_permission", {"missing": " ".join(missing)})
        missing = missing_permissions(found, READ_PERMISSIONS)
        if missing:
            return Note("failed.read_permission", {"missing": " ".join(missing)})
        return None

    async def names(self, guild: GuildId, members: Sequence[UserId]) -> dict[UserId, str]:
        """Return the display names of members in a server, without those who left."""
        server = self._servers.guild(guild)
        if server is None:
            return {}

        found = await asyncio.gather(*(_member(server, member) for member in members))
        return {UserId(member.id): member.display_name for member in found if member is not None}

    async def target(self, asker: Asker, guild: GuildId, member: UserId) -> Target:
        """Return a member, with the reason if the asker or the bot may not time them out."""
        server = self._servers.guild(guild)
        if server is None:
            return Target(member, "", Note("failed.no_channel"))
        found = await _member(server, member)
        if found is None:
            return Target(member, "", Note("failed.member_left"))
        actor = self._askers[guild, asker.id]
        refusal = may_time_out(actor, found) or may_time_out(server.me, found)
        return Target(member, found.display_name, refusal)


async def _member(server: discord.Guild, member: UserId) -> discord.Member | None:
    """Return a member, asked of Discord because none is cached, or ``None`` if they left."""
    with discord_errors():
        try:
            return await server.fetch_member(member)
        except discord.NotFound:
            return None
