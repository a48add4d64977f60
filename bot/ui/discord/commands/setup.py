"""/setup: the alert channel and a preset, in one short dialogue that ends with a test alert."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import discord
from discord import app_commands

from bot.desk.standing import Record
from bot.domain import Case, ChannelId, Decision, GuildId, Kind, Post, Reason, UserId, message_case
from bot.platform.members import MODERATOR
from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    DELETE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    lacking,
    missing_permissions,
    shows_more,
)
from bot.policy.entries import ALERT_CHANNEL, PRESET
from bot.policy.rules import Policy
from bot.ui.discord.alert import alert_embed
from bot.ui.discord.alert_controls import alert_buttons
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.items import button, control_id, view_of
from bot.ui.discord.replies import guild_id_of, guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import Words
from model.classes import CLASSES

SHOWN: Final = 5
"""Channels that are named where there are more."""


def setup_command(
    context: Context, controls: Controls
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; its dialogue is answered by ids and survives a restart."""

    @app_commands.command(name="setup", description=text("command.setup"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def setup(interaction: discord.Interaction) -> None:
        """Open the dialogue."""
        guild, words = guild_of(interaction), words_of(interaction)
        policy = context.book.of(GuildId(guild.id))
        await say(
            interaction, embed=_status(guild, policy, words), view=_dialogue(context, policy, words)
        )

    async def redraw(interaction: discord.Interaction, said: str = "") -> None:
        guild, words = guild_of(interaction), words_of(interaction)
        policy = context.book.of(GuildId(guild.id))
        await interaction.response.edit_message(
            content=said,
            embed=_status(guild, policy, words),
            view=_dialogue(context, policy, words),
        )

    async def chosen_channel(interaction: discord.Interaction, press: Press) -> None:
        guild, words = guild_of(interaction), words_of(interaction)
        channel = guild.get_channel(int(press.values[0]))
        if not isinstance(channel, discord.TextChannel):
            await redraw(interaction, words("failed.alert_channel_gone"))
            return
        said = await choose_alert_channel(context, interaction, channel, words)
        await redraw(interaction, said)

    async def chosen_preset(interaction: discord.Interaction, press: Press) -> None:
        await context.change(interaction, {PRESET: press.values[0]})
        await redraw(interaction)

    async def test(interaction: discord.Interaction, press: Press) -> None:
        del press
        guild, words = guild_of(interaction), words_of(interaction)
        policy = context.book.of(GuildId(guild.id))
        channel = guild.get_channel(policy.alert_channel_id or 0)
        if not isinstance(channel, discord.TextChannel):
            await redraw(interaction, words("failed.no_alert_channel"))
            return
        missing = missing_permissions(channel, ALERT_PERMISSIONS)
        if missing:
            await redraw(interaction, _missing(channel, missing, words))
            return
        await interaction.response.defer()
        await _send_test(context, guild, channel, policy)
        await interaction.edit_original_response(
            content=words("setup.tested", channel=channel.mention),
            embed=_status(guild, policy, words),
            view=None,
        )

    controls.on("setup_channel", chosen_channel)
    controls.on("setup_preset", chosen_preset)
    controls.on("setup_test", test)
    return setup


async def choose_alert_channel(
    context: Context,
    interaction: discord.Interaction,
    channel: discord.TextChannel,
    words: Words,
) -> str:
    """Send alerts to a channel from now on, if the bot may write there; say how that went."""
    missing = missing_permissions(channel, ALERT_PERMISSIONS)
    if missing:
        return _missing(channel, missing, words)
    await context.change(interaction, {ALERT_CHANNEL: channel.id})
    context.dispatcher.forget_problem(guild_id_of(interaction))
    said = words("setup.channel_set", channel=channel.mention)
    if channel.permissions_for(channel.guild.default_role).view_channel:
        said += "\n" + words("setup.public")
    closed = [each for each in channel.guild.text_channels if shows_more(channel, each)]
    if closed:
        shown = ", ".join(each.mention for each in closed[:SHOWN])
        said += "\n" + words("setup.confidential", channels=shown, count=len(closed))
    return said


def _status(guild: discord.Guild, policy: Policy, words: Words) -> discord.Embed:
    embed = discord.Embed(title=words("setup.title"), description=words("setup.intro"))
    add_state(embed, guild, policy, words)
    return embed


def add_state(embed: discord.Embed, guild: discord.Guild, policy: Policy, words: Words) -> None:
    """Say where a server is told, how strictly it begins, what is done, and what hinders that."""
    channel = policy.alert_channel_id
    embed.add_field(
        name=words("show.alerts"), value=f"<#{channel}>" if channel else words("show.nowhere")
    )
    embed.add_field(name=words("show.preset"), value=words(f"preset.{policy.preset}"))
    mode = "enforce" if policy.enforcing else "observe"
    embed.add_field(name=words("show.mode"), value=words(f"show.{mode}"), inline=False)
    add_lacking(embed, guild, words)


def add_lacking(embed: discord.Embed, guild: discord.Guild, words: Words) -> None:
    """Say, where it is so, what the bot lacks server-wide for deleting and timing out."""
    missing = lacking(guild.me.guild_permissions, DELETE_PERMISSIONS | TIMEOUT_PERMISSIONS)
    if missing:
        embed.add_field(
            name=words("setup.lacking_title"),
            value=words("setup.lacking", missing=words.permissions(missing)),
            inline=False,
        )


def _missing(channel: discord.TextChannel, missing: list[str], words: Words) -> str:
    return words("setup.missing", channel=channel.mention, missing=words.permissions(missing))


def _dialogue(context: Context, policy: Policy, words: Words) -> discord.ui.View:
    channels: discord.ui.ChannelSelect[discord.ui.View] = discord.ui.ChannelSelect(
        custom_id=control_id("setup_channel"),
        channel_types=[discord.ChannelType.text],
        placeholder=words("setup.choose_channel"),
    )
    presets: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=control_id("setup_preset"),
        placeholder=words("setup.choose_preset"),
        options=[
            discord.SelectOption(
                label=words(f"preset.{name}"),
                value=name,
                description=words(f"preset_about.{name}"),
                default=name == policy.preset,
            )
            for name in context.book.defaults.presets
        ],
    )
    done = button(
        words,
        "setup_test",
        style=discord.ButtonStyle.success,
        disabled=policy.alert_channel_id is None,
    )
    return view_of(channels, presets, done)


async def _send_test(
    context: Context, guild: discord.Guild, channel: discord.TextChannel, policy: Policy
) -> None:
    """Send what an alert looks like; its buttons do nothing, as there is no message behind it."""
    guild_id = GuildId(guild.id)
    words = context.speech.words(guild_id, policy)
    post = Post(
        id=message_case(guild.id, 0),
        channel_id=ChannelId(channel.id),
        author_id=UserId(guild.me.id),
        created_at=datetime.now(UTC),
        text=words("setup.example"),
        author_name=guild.me.display_name,
    )
    scores = {**dict.fromkeys(CLASSES, 0.02), "insult": 0.91}
    reason = Reason(Kind.ALERT, "insult", 0.91, 0.6)
    case = Case(Decision(post, scores, context.judge.model, (reason,)))
    embed = alert_embed([case], words, context.speech.names(guild_id), spoilers=policy.spoilers)
    embed.title = words("setup.test_title")
    view = alert_buttons(post, Record([case]).standing, words)
    for item in view.children:
        if isinstance(item, discord.ui.Button):
            item.disabled = True
    await channel.send(embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none())
