"""Where things stand in a server."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.domain import NOWHERE, ChannelId, GuildId
from bot.policy.rules import Scopes
from bot.retries import TryAgainError


def place_of(channel: object) -> tuple[ChannelId, ChannelId]:
    """Return the ids of a thread's channel or forum, and of the category above, or ``NOWHERE``."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        category = (parent.category_id or 0) if parent else 0
        return ChannelId(channel.parent_id), ChannelId(category)
    return NOWHERE, ChannelId(getattr(channel, "category_id", None) or 0)


@dataclass(frozen=True, slots=True)
class ChainOf:
    """The scopes that hold in a channel of one server."""

    guild: discord.Guild

    def __call__(self, scope_id: ChannelId) -> Scopes:
        """Return the channel itself, a thread's parent, and the category above."""
        channel = self.guild.get_channel_or_thread(scope_id)
        above = place_of(channel) if channel is not None else ()
        return (scope_id, *(scope for scope in above if scope))


class Servers:
    """The servers that the bot is in, as discord.py remembers them."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client

    def guild(self, guild_id: GuildId) -> discord.Guild | None:
        """Return a server, ``None`` where the bot is not. Raises ``TryAgainError`` while it is out."""
        guild = self.client.get_guild(guild_id)
        if guild is not None and guild.unavailable:
            raise TryAgainError("the server is out on Discord's side")
        return guild

    def channel(
        self, guild_id: GuildId, channel_id: ChannelId
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        """Return a channel or active thread, ``None`` where the bot does not see it."""
        guild = self.guild(guild_id)
        return None if guild is None else guild.get_channel_or_thread(channel_id)

    async def find(
        self, guild_id: GuildId, channel_id: ChannelId
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        """Return a channel or thread; a thread that was archived is asked for.

        ``None`` where it is gone or the bot does not see it. Raises what discord.py raises where
        Discord cannot be asked.
        """
        guild = self.guild(guild_id)
        known = None if guild is None else guild.get_channel_or_thread(channel_id)
        if guild is None or known is not None:
            return known
        try:
            found = await guild.fetch_channel(channel_id)
        except (discord.NotFound, discord.Forbidden, discord.InvalidData):
            return None
        # A thread's permissions are those of the channel it belongs to.
        return None if isinstance(found, discord.Thread) and found.parent is None else found
