"""The language of a server, and the names of its channels and members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import discord

from bot.domain import ChannelId, GuildId, UserId
from bot.policy.rules import Policy
from bot.ui.words import Words, words_for


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a server's channels and members, or "" for unknown ones.

    Alerts show them beside mentions, because the mention of somebody who left is only a number.
    """

    channel: Callable[[ChannelId], str]
    member: Callable[[UserId], str]


@dataclass(frozen=True, slots=True)
class Speech:
    """Finds the language and the names of each server."""

    client: discord.Client

    def words(self, guild_id: GuildId, policy: Policy) -> Words:
        """Return the language that moderators chose for alerts, or else the server's own."""
        guild = self.client.get_guild(guild_id)
        own = None if guild is None else guild.preferred_locale.value
        return words_for(policy.language or own)

    def names(self, guild_id: GuildId) -> Names:
        """Return the names of a server's channels and members."""
        guild = self.client.get_guild(guild_id)

        def channel(channel_id: ChannelId) -> str:
            found = None if guild is None else guild.get_channel_or_thread(channel_id)
            return "" if found is None else found.name

        def member(user_id: UserId) -> str:
            found = None if guild is None else guild.get_member(user_id)
            return "" if found is None else found.display_name

        return Names(channel, member)
