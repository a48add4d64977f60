"""A simulated server for tests: who is in it, and texts whose scores lead where they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle, RoleHandle

from bot.app.lifecycle import App
from bot.demo import BORDERLINE, HATEFUL
from bot.domain import NOWHERE, GuildId, Surface
from bot.platform.places import ChainOf
from bot.policy.entries import Value
from bot.policy.rules import Policy
from tests.making import ALL_RIGHTS

BENIGN = "thanks, that fixed it for me"

__all__ = ["BENIGN", "BORDERLINE", "HATEFUL", "World"]


@dataclass(slots=True)
class World:
    app: App
    env: simcord.Env
    guild: GuildHandle
    general: ChannelHandle
    desk: ChannelHandle
    member: MemberActor
    moderator: MemberActor
    moderators: RoleHandle

    @classmethod
    def furnish(cls, app: App, env: simcord.Env) -> World:
        # Simulated time begins in the past; what the bot does by the clock needs today.
        env.backend.clock.advance((datetime.now(UTC) - env.now()).total_seconds())
        guild = env.create_guild("Tests")
        moderators = guild.create_role(
            "Moderator",
            permissions=discord.Permissions(
                manage_messages=True, moderate_members=True, manage_guild=True
            ),
        )
        return cls(
            app,
            env,
            guild,
            guild.create_text_channel("general"),
            guild.create_text_channel("desk"),
            guild.add_member(env.create_user("robin")),
            guild.add_member(env.create_user("morgan"), roles=[moderators]),
            moderators,
        )

    async def say(self, text: str, **more: Any) -> discord.Message:
        """Have the member write, and the bot finish whatever follows from it."""
        # A minute later than before: messages within seconds share an alert.
        await self.env.advance_time(60)
        message = await self.member.send(self.general, text, **more)
        await self.app.drained()
        return message

    async def change(self, **entries: Value | None) -> None:
        """Set what a command would set; dots are written as double underscores."""
        guild = self.app.client.get_guild(self.guild.id)
        assert guild is not None
        changes = {name.replace("__", "."): value for name, value in entries.items()}
        desk = self.app.context.settings
        await desk.change(self.guild_id, ALL_RIGHTS, changes, ChainOf(guild))

    @property
    def guild_id(self) -> GuildId:
        return GuildId(self.guild.id)

    @property
    def policy(self) -> Policy:
        return self.app.parts.book.of(self.guild_id)

    async def fetched(self) -> discord.Member:
        """The member as Discord has it now; the bot keeps no members."""
        guild = self.env.bot.get_guild(self.guild.id)
        assert guild is not None
        return await guild.fetch_member(self.member.id)

    @property
    def alert(self) -> discord.Message:
        """The latest alert."""
        return next(message for message in reversed(self.desk.history()) if message.embeds)

    async def recorded(self) -> int:
        """How many messages are journalled; nicknames are journalled beside them."""
        past = await self.app.context.store.journal.past(
            self.guild_id, datetime(2020, 1, 1, tzinfo=UTC), 0.0, NOWHERE
        )
        return sum(item.decision.post.surface is Surface.MESSAGE for item in past)

    async def choose_desk(self) -> None:
        await self.moderator.slash(self.desk, "alerts channel", channel=self.desk)

    @property
    def alerts(self) -> list[discord.Embed]:
        return [embed for message in self.desk.history() for embed in message.embeds]

    def texts(self) -> list[str]:
        return [message.content for message in self.general.history()]
