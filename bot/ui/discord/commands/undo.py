"""/undo and /history: who changed which setting, and how to take a change back."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.domain import GuildId, Outcome, UserId
from bot.platform.gate import asker_of
from bot.platform.members import MODERATOR
from bot.platform.places import ChainOf
from bot.policy.entries import ALERT_CHANNEL
from bot.ui.discord.commands.setup import readers_of
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.histories import UNDO, change_choices, history_embed, restored
from bot.ui.discord.quoting import shorten
from bot.ui.discord.replies import MESSAGE_LENGTH, guild_id_of, guild_of, member_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import Words


def undo_command(
    context: Context, controls: Controls
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; the *Undo* buttons under answers do the same."""

    @app_commands.command(name="undo", description=text("command.undo"))
    @app_commands.describe(change=text("option.change"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def undo(interaction: discord.Interaction, change: int | None = None) -> None:
        """Undo a change of a setting, by default the asker's own latest one of the last hour."""
        await say(interaction, await _undo(context, interaction, change))

    @undo.autocomplete("change")
    async def changes(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[int]]:
        guild = guild_of(interaction)
        steps = await context.settings.undoable(GuildId(guild.id))
        asker = UserId(interaction.user.id)
        return change_choices(steps, asker, guild, current, words_of(interaction))

    async def pressed(interaction: discord.Interaction, press: Press) -> None:
        said = await _undo(context, interaction, int(press.parts[0]))
        await interaction.response.edit_message(content=said, embed=None, view=None)

    controls.on(UNDO, pressed)
    return undo


async def _undo(context: Context, interaction: discord.Interaction, number: int | None) -> str:
    """Undo a change for whoever asked; return what to answer."""
    guild, words = guild_of(interaction), words_of(interaction)
    asker = asker_of(member_of(interaction))
    guild_id = GuildId(guild.id)
    step = await context.settings.undo(guild_id, asker, number, ChainOf(guild))
    if step is not None:
        policy = context.book.of(guild_id)
        lines = [
            words("undo.done", number=step.number),
            *restored(step, policy, ChainOf(guild), words),
        ]
        if ALERT_CHANNEL in step.names:
            lines += _about_alerts(context, guild_id, words)
        return shorten("\n".join(lines), MESSAGE_LENGTH)
    if number is not None:
        return words("undo.unknown", number=number)
    others = await context.settings.undoable(guild_id)
    return words("undo.nothing_recent" if others else "undo.nothing")


def _about_alerts(context: Context, guild_id: GuildId, words: Words) -> list[str]:
    """Return what moderators must know of the alert channel that an undo brought back."""
    context.dispatcher.forget_problem(guild_id)
    if context.book.of(guild_id).alert_channel_id is None:
        return [words("undo.no_alerts")]
    channel = context.channel.channel(guild_id)
    if isinstance(channel, Outcome):
        return [] if channel.note is None else [f"⚠ {words.note(channel.note)}"]
    return readers_of(channel, words)


def history_command(context: Context) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command."""

    @app_commands.command(name="history", description=text("command.history"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def history(interaction: discord.Interaction) -> None:
        """Show who changed which setting, and when."""
        guild, settings = guild_id_of(interaction), context.store.settings
        changes, undone = await settings.changes(guild), await settings.undone(guild)
        await say(interaction, embed=history_embed(changes, undone, words_of(interaction)))

    return history
