"""/mode: whether this server only observes, or deletes and times out."""

from __future__ import annotations

import asyncio

import discord
from discord import app_commands

from bot.domain import Kind
from bot.platform.members import MODERATOR
from bot.policy.entries import ENFORCE, MODE, OBSERVE
from bot.policy.replay import tally
from bot.ui.discord.alert import button, view_of
from bot.ui.discord.commands.setup import add_lacking
from bot.ui.discord.context import DAYS, Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text


def mode_command(
    context: Context, controls: Controls
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; switching on asks once more, after showing what it would have done."""

    @app_commands.command(name="mode", description=text("command.mode"))
    @app_commands.describe(mode=text("option.mode"))
    @app_commands.choices(
        mode=[
            app_commands.Choice(name=text("mode.observe"), value=OBSERVE),
            app_commands.Choice(name=text("mode.enforce"), value=ENFORCE),
        ]
    )
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def mode(interaction: discord.Interaction, mode: str) -> None:
        """Choose what happens to messages that reach a threshold."""
        guild, words = guild_of(interaction), words_of(interaction)
        if mode == OBSERVE:
            await context.change(guild, interaction.user.id, {MODE: OBSERVE})
            await say(interaction, words("mode.now_observing"))
            return
        if context.book.of(guild.id).enforcing:
            await say(interaction, words("mode.already"))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await say(
            interaction,
            embed=await _forecast(context, interaction),
            view=view_of(button(words, "mode_enforce", style=discord.ButtonStyle.danger)),
        )

    async def enforce(interaction: discord.Interaction, press: Press) -> None:
        del press
        guild, words = guild_of(interaction), words_of(interaction)
        await context.change(guild, interaction.user.id, {MODE: ENFORCE})
        await interaction.response.edit_message(
            content=words("mode.now_enforcing"), embed=None, view=None
        )

    controls.on("mode_enforce", enforce)
    return mode


async def _forecast(context: Context, interaction: discord.Interaction) -> discord.Embed:
    guild, words = guild_of(interaction), words_of(interaction)
    policy = context.book.of(guild.id)
    past = await context.past(guild, [policy])
    would, judged = await asyncio.to_thread(tally, past, policy)
    embed = discord.Embed(
        title=words("mode.forecast_title"),
        description=words(
            "mode.forecast",
            days=DAYS,
            deleted=would.total(Kind.DELETE),
            timed_out=would.total(Kind.TIMEOUT),
            alerted=would.total(Kind.ALERT),
            right=judged.right,
            wrong=judged.wrong,
            unjudged=judged.unjudged,
        ),
    )
    add_lacking(embed, guild, words)
    return embed
