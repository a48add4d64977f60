"""/privacy: what is stored about the person who asks, in this server, and erasing it."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.desk.privacy import KEPT_DAYS
from bot.platform.gate import asker_of
from bot.ui.discord.context import Context
from bot.ui.discord.replies import guild_id_of, member_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.discord.tree import FOR_MEMBERS


@app_commands.guild_only()
class PrivacyGroup(app_commands.Group, name="privacy", description=text("command.privacy")):
    """The commands under /privacy, for every member."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        for command in self.commands:
            command.extras[FOR_MEMBERS] = True

    @app_commands.command(name="show", description=text("command.privacy.show"))
    async def show(self, interaction: discord.Interaction) -> None:
        """Say how much is stored about the person who asks."""
        words, desk = words_of(interaction), self._context.privacy
        await interaction.response.defer(ephemeral=True, thinking=True)
        asker = asker_of(member_of(interaction))
        kept = await desk.show(guild_id_of(interaction), asker)
        days = desk.retention_days
        if not kept.messages:
            await say(interaction, words("privacy.nothing", days=days))
            return
        first = f"<t:{int(kept.first_at.timestamp()) if kept.first_at else 0}:D>"
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
        """Erase what is stored about the messages of the person who asks."""
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        asker = asker_of(member_of(interaction))
        done = await self._context.privacy.forget(guild_id_of(interaction), asker)
        said = words("privacy.forgotten", messages=done.erased)
        if done.kept:
            said += "\n" + words("privacy.stays", messages=done.kept, days=KEPT_DAYS)
        await say(interaction, said)
