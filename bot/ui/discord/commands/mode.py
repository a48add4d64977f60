"""/mode: whether the bot only observes, or also deletes and times out."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.desk.settings import DAYS
from bot.domain import GuildId, Kind, Mode
from bot.platform.members import MODERATOR
from bot.policy.entries import MODE
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.histories import say_changed, undo_view
from bot.ui.discord.items import button, view_of
from bot.ui.discord.replies import guild_id_of, guild_of, say, words_of
from bot.ui.discord.state import add_lacking
from bot.ui.discord.translation import text


def mode_command(
    context: Context, controls: Controls
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; it shows what enforcing would have done before it is switched on."""

    @app_commands.command(name="mode", description=text("command.mode"))
    @app_commands.describe(mode=text("option.mode"))
    @app_commands.choices(
        mode=[
            app_commands.Choice(name=text("mode.observe"), value=Mode.OBSERVE.value),
            app_commands.Choice(name=text("mode.enforce"), value=Mode.ENFORCE.value),
        ]
    )
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def mode(interaction: discord.Interaction, mode: str) -> None:
        """Choose what happens to messages that reach a threshold."""
        words = words_of(interaction)
        if mode == context.book.of(guild_id_of(interaction)).mode:
            await say(interaction, words(f"mode.already.{mode}"))
            return
        if mode == Mode.OBSERVE:
            number = await context.change(interaction, {MODE: Mode.OBSERVE.value})
            await say_changed(interaction, words("mode.now_observing"), number)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await say(
            interaction,
            embed=await _forecast(context, interaction),
            view=view_of(button(words, "mode_enforce", style=discord.ButtonStyle.danger)),
        )

    async def enforce(interaction: discord.Interaction, press: Press) -> None:
        del press
        words = words_of(interaction)
        number = await context.change(interaction, {MODE: Mode.ENFORCE.value})
        if number is None:  # another moderator was faster
            said, view = words("mode.already.enforce"), None
        else:
            said = f"{words('mode.now_enforcing')}\n{words('set.undo', number=number)}"
            view = undo_view(number, words)
        await interaction.response.edit_message(content=said, embed=None, view=view)

    controls.on("mode_enforce", enforce)
    return mode


async def _forecast(context: Context, interaction: discord.Interaction) -> discord.Embed:
    guild, words = guild_of(interaction), words_of(interaction)
    would, judged = await context.settings.forecast(GuildId(guild.id))
    lines = [
        words(
            "mode.forecast",
            days=DAYS,
            deleted=would.total(Kind.DELETE),
            timed_out=would.total(Kind.TIMEOUT),
            alerted=would.total(Kind.ALERT),
        )
    ]
    if judged.total:
        lines.append(
            words(
                "mode.forecast_verdicts",
                right=judged.right,
                wrong=judged.wrong,
                unjudged=judged.unjudged,
            )
        )
    embed = discord.Embed(title=words("mode.forecast_title"), description="\n".join(lines))
    add_lacking(embed, guild, context.book.of(GuildId(guild.id)), words)
    return embed
