"""/alerts: where this server's moderators are told, who is pinged, and in which language."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.domain import GuildId
from bot.platform.members import MODERATOR
from bot.policy.entries import LANGUAGE, PING_ABOVE, PING_ROLE, SPOILERS
from bot.ui.discord.commands.setup import choose_alert_channel
from bot.ui.discord.context import Context
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import LANGUAGES

LANGUAGE_CHOICES = [
    app_commands.Choice(name=text(f"language.{language}"), value=language) for language in LANGUAGES
]


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class AlertsGroup(app_commands.Group, name="alerts", description=text("command.alerts")):
    """The commands under /alerts."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    @app_commands.command(name="channel", description=text("command.alerts.channel"))
    @app_commands.describe(channel=text("option.alert_channel"))
    async def channel(self, interaction: discord.Interaction, channel: discord.TextChannel) -> None:
        """Choose the channel that alerts are sent to."""
        words = words_of(interaction)
        said = await choose_alert_channel(self._context, interaction, channel, words)
        await say(interaction, said)

    @app_commands.command(name="ping", description=text("command.alerts.ping"))
    @app_commands.describe(role=text("option.ping_role"), above=text("option.ping_above"))
    async def ping(
        self,
        interaction: discord.Interaction,
        role: discord.Role | None = None,
        above: app_commands.Range[float, 0, 1] = 0.9,
    ) -> None:
        """Ping a role with alerts from a score on; without a role nobody is pinged."""
        guild, words = guild_of(interaction), words_of(interaction)
        if role is None:
            await self._context.change(interaction, {PING_ROLE: None, PING_ABOVE: None})
            await say(interaction, words("ping.nobody"))
            return
        await self._context.change(interaction, {PING_ROLE: role.id, PING_ABOVE: above})
        said = words("ping.role", role=role.mention, above=f"{above:.2f}")
        if not role.mentionable and not guild.me.guild_permissions.mention_everyone:
            said += "\n" + words("ping.not_mentionable", role=role.mention)
        await say(interaction, said)

    @app_commands.command(name="language", description=text("command.alerts.language"))
    @app_commands.describe(language=text("option.language"))
    @app_commands.choices(language=LANGUAGE_CHOICES)
    async def language(self, interaction: discord.Interaction, language: str | None = None) -> None:
        """Choose the language of alerts; without one they follow the server's own."""
        guild = GuildId(guild_of(interaction).id)
        await self._context.change(interaction, {LANGUAGE: language})
        chosen = self._context.speech.words(guild, self._context.book.of(guild))
        await say(interaction, chosen("language.chosen"))

    @app_commands.command(name="spoilers", description=text("command.alerts.spoilers"))
    @app_commands.describe(hide=text("option.spoilers"))
    async def spoilers(self, interaction: discord.Interaction, hide: bool) -> None:  # noqa: FBT001 - an option
        """Choose whether alerts hide what they quote behind a spoiler."""
        await self._context.change(interaction, {SPOILERS: hide})
        await say(interaction, words_of(interaction)("spoilers.on" if hide else "spoilers.off"))
