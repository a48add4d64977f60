"""A simulated server for tests: who is in it, and texts whose scores lead where they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle

from bot.app import App
from bot.demo import BORDERLINE, HATEFUL

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

    @classmethod
    def furnish(cls, app: App, env: simcord.Env) -> World:
        guild = env.create_guild("Tests")
        moderators = guild.create_role(
            "Moderator", permissions=discord.Permissions(manage_messages=True)
        )
        return cls(
            app,
            env,
            guild,
            guild.create_text_channel("general"),
            guild.create_text_channel("desk"),
            guild.add_member(env.create_user("robin")),
            guild.add_member(env.create_user("morgan"), roles=[moderators]),
        )

    async def say(self, text: str, **more: Any) -> discord.Message:
        """Have the member write, and the bot finish whatever follows from it."""
        message = await self.member.send(self.general, text, **more)
        await self.app.drained()
        return message

    async def choose_desk(self) -> None:
        await self.moderator.slash(self.desk, "alerts channel", channel=self.desk)

    @property
    def alerts(self) -> list[discord.Embed]:
        return [embed for message in self.desk.history() for embed in message.embeds]

    def texts(self) -> list[str]:
        return [message.content for message in self.general.history()]
