"""/threshold: see and set at which score this server is told, and at which it deletes."""

from __future__ import annotations

from typing import Final

import discord
from discord import app_commands

from bot.commands.tree import MODERATOR, guild_of, say
from bot.domain import Kind
from bot.enforcement.alerts import bar, shorten
from bot.enforcement.dispatcher import Dispatcher
from bot.policy.book import PolicyBook
from bot.policy.thresholds import ThresholdError, Thresholds
from bot.store.sqlite import SqliteStore
from model.classes import HARMS

HARM_CHOICES: Final = [app_commands.Choice(name=harm, value=harm) for harm in HARMS]
KIND_CHOICES: Final = [app_commands.Choice(name=kind.value, value=kind.value) for kind in Kind]


def shown(value: float | None) -> str:
    """Write a threshold as moderators read it."""
    return "off" if value is None else f"{value:.2f}"


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class ThresholdGroup(
    app_commands.Group, name="threshold", description="When messages are alerted or deleted"
):
    """The commands under /threshold."""

    def __init__(
        self, store: SqliteStore, book: PolicyBook, dispatcher: Dispatcher, *, enforcing: bool
    ) -> None:
        super().__init__()
        self._store = store
        self._book = book
        self._dispatcher = dispatcher
        self._enforcing = enforcing

    @app_commands.command(name="show")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show this server's thresholds and where alerts go."""
        guild = guild_of(interaction)
        policy = self._book.of(guild.id)
        rows = [f"{'':<10}{'alert':>7}{'delete':>8}"]
        for harm, thresholds in policy.thresholds.items():
            rows.append(f"{harm:<10}{shown(thresholds.alert):>7}{shown(thresholds.delete):>8}")
        embed = discord.Embed(
            title="Thresholds",
            description="```\n" + "\n".join(rows) + "\n```"
            "A message is alerted or deleted once its score for a class reaches the number.",
        )
        channel = policy.alert_channel_id
        embed.add_field(
            name="Alerts go to",
            value=f"<#{channel}>" if channel else "nowhere yet: choose with `/alerts channel`",
        )
        embed.add_field(
            name="Mode",
            value="enforcing: messages are deleted"
            if self._enforcing
            else "observing: nothing is deleted, alerts say what would have been",
        )
        if problem := self._dispatcher.problem(guild.id):
            embed.add_field(name="⚠ Last action failed", value=shorten(problem, 1024), inline=False)
        await say(interaction, embed=embed)

    @app_commands.command(name="set")
    @app_commands.rename(harm="class", kind="action")
    @app_commands.describe(
        harm="Which class of message",
        kind="What is to happen",
        value="Lowest score, 0 to 1, at which it happens; leave empty to switch it off",
    )
    @app_commands.choices(harm=HARM_CHOICES, kind=KIND_CHOICES)
    async def set(
        self,
        interaction: discord.Interaction,
        harm: str,
        kind: str,
        value: app_commands.Range[float, 0, 1] | None = None,
    ) -> None:
        """Set the score at which messages of a class are alerted or deleted."""
        guild = guild_of(interaction)
        before = self._book.of(guild.id).thresholds[harm]
        try:
            after = before.changed(Kind(kind), value)
        except ThresholdError as error:
            await say(interaction, f"Nothing was changed: {error}")
            return
        await self._keep(guild.id, harm, after, interaction.user.id)
        was, now = before.of(Kind(kind)), after.of(Kind(kind))
        line = "" if now is None else f"\n`{bar(now)}` from here on up"
        await say(interaction, f"**{harm}** · {kind}: {shown(was)} → **{shown(now)}**{line}")

    async def _keep(self, guild_id: int, harm: str, after: Thresholds, user_id: int) -> None:
        # Both values, so that the pair stays valid when the operator changes the defaults.
        values = {(harm, kind): after.of(kind) for kind in Kind}
        await self._store.set_thresholds(guild_id, values, user_id)
        self._book.set_thresholds(guild_id, harm, after)
