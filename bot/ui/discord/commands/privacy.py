"""/privacy: what is kept about the person who asks, in this server, and erasing it."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.ui.discord.context import Context
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.discord.tree import FOR_MEMBERS


@app_commands.guild_only()
class PrivacyGroup(app_commands.Group, name="privacy", description=text("command.privacy")):
    """The commands under /privacy, which are for everybody."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        for command in self.commands:
            command.extras[FOR_MEMBERS] = True

    @app_commands.command(name="show", description=text("command.privacy.show"))
    async def show(self, interaction: discord.Interaction) -> None:
        """Say how much is kept about whoever asks."""
        guild, words = guild_of(interaction), words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        kept = await self._context.store.housekeeping.kept_about(interaction.user.id, guild.id)
        days = self._context.retention_days
        if not kept.messages:
            await say(interaction, words("privacy.nothing", days=days))
            return
        first = f"<t:{(kept.first_at or 0) // 1000}:D>"
        await say(
            interaction,
            words(
                "privacy.kept",
                messages=kept.messages,
                actions=kept.actions,
                verdicts=kept.verdicts,
                first=first,
                days=days,
            ),
        )

    @app_commands.command(name="forget", description=text("command.privacy.forget"))
    async def forget(self, interaction: discord.Interaction) -> None:
        """Erase what is kept about the messages of whoever asks."""
        guild, words = guild_of(interaction), words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        erased = await self._context.store.housekeeping.forget_author(interaction.user.id, guild.id)
        await say(interaction, words("privacy.forgotten", messages=erased))
