"""Reads the messages around a message. See ``desk.evidence.Surroundings``."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.desk.evidence import Neighbour
from bot.domain import ChannelId, GuildId, SubjectId, UserId, clean
from bot.platform.errors import discord_errors
from bot.platform.places import Servers
from bot.platform.surfaces import text_of


class DiscordSurroundings:
    """See ``desk.evidence.Surroundings``."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def around(
        self, guild: GuildId, channel: ChannelId, message: SubjectId, *, before: int, after: int
    ) -> Sequence[Neighbour] | None:
        """Return the messages around one, oldest first, or ``None`` if the channel is gone."""
        this = discord.Object(message)
        with discord_errors():
            place = await self._servers.find(guild, channel)
            if not isinstance(place, discord.abc.Messageable):
                return None
            try:
                # Discord returns half of the limit from each side, even around a deleted message.
                most = 2 * max(before, after) + 1
                found = [each async for each in place.history(limit=most, around=this)]
            except (discord.NotFound, discord.Forbidden):
                return None
        found.sort(key=lambda each: each.id)
        earlier = [each for each in found if each.id < message][-before:]
        here = [each for each in found if each.id == message]
        later = [each for each in found if each.id > message][:after]
        return [
            Neighbour(
                SubjectId(each.id),
                UserId(each.author.id),
                clean(each.author.display_name),
                each.created_at,
                text_of(each),
            )
            for each in (*earlier, *here, *later)
        ]
