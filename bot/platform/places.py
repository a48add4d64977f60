"""Looks up servers, channels and threads, and what a channel belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.domain import NOWHERE, ChannelId, GuildId
from bot.policy.rules import Scopes
from bot.retries import TemporaryError


def place_of(channel: object) -> tuple[ChannelId, ChannelId]:
    """Return the ids of a thread's parent channel and of the category, each ``NOWHERE`` if none."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        category = (parent.category_id or 0) if parent else 0
        return ChannelId(channel.parent_id), ChannelId(category)
    return NOWHERE, ChannelId(getattr(channel, "category_id", None) or 0)


@dataclass(frozen=True, slots=True)
class ChainOf:
    """Returns the scopes that apply in a channel of one server, the narrowest first."""

    guild: discord.Guild

    def __call__(self, scope_id: ChannelId) -> Scopes:
        """Return the channel itself, a thread's parent channel, and the category."""
        channel = self.guild.get_channel_or_thread(scope_id)
        above = place_of(channel) if channel is not None else ()
        return (scope_id, *(scope for scope in above if scope))


class Servers:
    """The servers that the bot is in, from discord.py's cache."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client

    def guild(self, guild_id: GuildId) -> discord.Guild | None:
        """Return a server, or ``None`` if the bot is not in it.

        Raises ``TemporaryError`` while the server is unavailable.
        """
        guild = self.client.get_guild(guild_id)
        if guild is not None and guild.unavailable:
            raise TemporaryError("the server is unavailable on Discord's side")
        return guild

    def channel(
        self, guild_id: GuildId, channel_id: ChannelId
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        """Return a channel or active thread, or ``None`` if the bot cannot see it."""
        guild = self.guild(guild_id)
        return None if guild is None else guild.get_channel_or_thread(channel_id)

    async def find(
        self, guild_id: GuildId, channel_id: ChannelId
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        """Return a channel or thread, or ``None`` if it does not exist or the bot cannot see it.

        Archived threads are fetched from Discord. Raises discord.py's error if that fails.
        """
        guild = self.guild(guild_id)
        known = None if guild is None else guild.get_channel_or_thread(channel_id)
        if guild is None or known is not None:
            return known
        try:
            found = await guild.fetch_channel(channel_id)
        except (discord.NotFound, discord.Forbidden, discord.InvalidData):
            return None
        # Without its parent channel, a thread's permissions cannot be computed.
        return None if isinstance(found, discord.Thread) and found.parent is None else found
