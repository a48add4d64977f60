"""/alerts: the alert channel, the role to ping, and the language of alerts."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.domain import GuildId
from bot.platform.members import MODERATOR
from bot.policy.entries import LANGUAGE, PING_ABOVE, PING_ROLE, SPOILERS, Value
from bot.ui.discord.commands.setup import choose_alert_channel
from bot.ui.discord.context import Context
from bot.ui.discord.histories import say_changed
from bot.ui.discord.replies import guild_of, words_of
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
        said, number = await choose_alert_channel(self._context, interaction, channel)
        await say_changed(interaction, said, number)

    @app_commands.command(name="ping", description=text("command.alerts.ping"))
    @app_commands.describe(role=text("option.ping_role"), above=text("option.ping_above"))
    async def ping(
        self,
        interaction: discord.Interaction,
        role: discord.Role | None = None,
        above: app_commands.Range[float, 0, 1] = 0.9,
    ) -> None:
        """Ping a role with alerts at or above a score; without a role, nobody is pinged."""
        guild, words = guild_of(interaction), words_of(interaction)
        changes: dict[str, Value | None] = {
            PING_ROLE: None if role is None else role.id,
            PING_ABOVE: None if role is None else above,
        }
        number = await self._context.change(interaction, changes)
        state = "unchanged" if number is None else "changed"
        if role is None:
            await say_changed(interaction, words(f"ping.nobody.{state}"), number)
            return
        said = words(f"ping.role.{state}", role=role.mention, above=f"{above:.2f}")
        if not role.mentionable and not guild.me.guild_permissions.mention_everyone:
            said += "\n" + words("ping.not_mentionable", role=role.mention)
        await say_changed(interaction, said, number)

    @app_commands.command(name="language", description=text("command.alerts.language"))
    @app_commands.describe(language=text("option.language"))
    @app_commands.choices(language=LANGUAGE_CHOICES)
    async def language(self, interaction: discord.Interaction, language: str | None = None) -> None:
        """Choose the language of alerts; without one, alerts use the server's own language."""
        guild, words = GuildId(guild_of(interaction).id), words_of(interaction)
        number = await self._context.change(interaction, {LANGUAGE: language})
        spoken = self._context.speech.words(guild, self._context.book.of(guild)).language
        state = "unchanged" if number is None else "changed"
        key = f"language.server.{state}" if language is None else f"language.chosen.{state}"
        await say_changed(interaction, words(key, language=words(f"language.{spoken}")), number)

    @app_commands.command(name="spoilers", description=text("command.alerts.spoilers"))
    @app_commands.describe(hide=text("option.spoilers"))
    async def spoilers(self, interaction: discord.Interaction, hide: bool) -> None:  # noqa: FBT001 - an option
        """Choose whether alerts hide what they quote behind a spoiler."""
        # Hiding is the default, so that no entry is needed for it.
        number = await self._context.change(interaction, {SPOILERS: None if hide else False})
        key = f"spoilers.{'on' if hide else 'off'}.{'unchanged' if number is None else 'changed'}"
        await say_changed(interaction, words_of(interaction)(key), number)
