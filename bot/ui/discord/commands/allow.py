"""/allow: phrases that are harmless in this server."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.domain import clean
from bot.platform.members import MODERATOR
from bot.policy.entries import allow_entry
from bot.policy.phrases import LONGEST_PHRASE
from bot.ui.discord.context import Context
from bot.ui.discord.histories import say_changed
from bot.ui.discord.quoting import harmless, shorten
from bot.ui.discord.replies import guild_id_of, say, words_of
from bot.ui.discord.translation import text


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class AllowGroup(app_commands.Group, name="allow", description=text("command.allow")):
    """The commands under /allow."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    @app_commands.command(name="add", description=text("command.allow.add"))
    @app_commands.describe(phrase=text("option.phrase"))
    async def add(
        self, interaction: discord.Interaction, phrase: app_commands.Range[str, 1, LONGEST_PHRASE]
    ) -> None:
        """Remove a phrase from messages before they are scored."""
        await self._change(interaction, phrase, allowed=True)

    @app_commands.command(name="remove", description=text("command.allow.remove"))
    @app_commands.describe(phrase=text("option.phrase"))
    async def remove(
        self, interaction: discord.Interaction, phrase: app_commands.Range[str, 1, LONGEST_PHRASE]
    ) -> None:
        """Score a phrase like any other text again."""
        await self._change(interaction, phrase, allowed=False)

    @remove.autocomplete("phrase")
    async def _phrases(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        phrases = self._context.book.of(guild_id_of(interaction)).phrases.all
        return [
            app_commands.Choice(name=phrase, value=phrase)
            for phrase in phrases
            if current.lower() in phrase
        ][:25]

    @app_commands.command(name="list", description=text("command.allow.list"))
    async def show(self, interaction: discord.Interaction) -> None:
        """Show the phrases that are harmless in this server."""
        words = words_of(interaction)
        phrases = self._context.book.of(guild_id_of(interaction)).phrases.all
        lines = "\n".join(f"· {harmless(phrase)}" for phrase in phrases)
        await say(
            interaction,
            embed=discord.Embed(
                title=words("allow.title"),
                description=shorten(lines, 4096) or words("allow.nothing"),
            ),
        )

    async def _change(
        self, interaction: discord.Interaction, phrase: str, *, allowed: bool
    ) -> None:
        words = words_of(interaction)
        name = allow_entry(clean(phrase))
        shown = harmless(name.partition(".")[2])
        if (name in self._context.book.entries(guild_id_of(interaction))) is allowed:
            await say(interaction, words("allow.is" if allowed else "allow.is_not", phrase=shown))
            return
        number = await self._context.change(interaction, {name: True if allowed else None})
        said = words("allow.added" if allowed else "allow.removed", phrase=shown)
        await say_changed(interaction, said, number)
