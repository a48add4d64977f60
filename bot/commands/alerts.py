"""/alerts: where this server's moderators are told."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.tree import MODERATOR, guild_of, say
from bot.enforcement.actuators import ALERT_PERMISSIONS, missing_permissions
from bot.enforcement.dispatcher import Dispatcher
from bot.policy.book import PolicyBook
from bot.store.sqlite import SqliteStore


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class AlertsGroup(app_commands.Group, name="alerts", description="Where moderators are told"):
    """The commands under /alerts."""

    def __init__(self, store: SqliteStore, book: PolicyBook, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._store = store
        self._book = book
        self._dispatcher = dispatcher

    @app_commands.command(name="channel")
    @app_commands.describe(channel="A channel that only moderators can read")
    async def channel(self, interaction: discord.Interaction, channel: discord.TextChannel) -> None:
        """Choose the channel that alerts are sent to."""
        guild = guild_of(interaction)
        missing = missing_permissions(channel, ALERT_PERMISSIONS)
        if missing:
            await say(
                interaction,
                f"Nothing was changed: in {channel.mention} I lack **{', '.join(missing)}**. "
                "Grant it to my role in the channel's settings, then use this command again.",
            )
            return
        await self._store.set_alert_channel(guild.id, channel.id)
        self._book.set_alert_channel(guild.id, channel.id)
        self._dispatcher.forget_problem(guild.id)
        answer = f"Alerts go to {channel.mention} from now on."
        if channel.permissions_for(guild.default_role).view_channel:
            answer += "\n⚠ Everybody can read that channel; alerts quote what was written."
        await say(interaction, answer)
