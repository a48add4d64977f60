"""/setup: choose the alert channel and a preset, and send a test alert."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import discord
from discord import app_commands

from bot.desk.record import Record
from bot.domain import (
    Case,
    ChannelId,
    Decision,
    GuildId,
    Post,
    Reason,
    Scores,
    UserId,
    message_case,
)
from bot.platform.members import MODERATOR
from bot.platform.permissions import ALERT_PERMISSIONS, missing_permissions, shows_more
from bot.policy.entries import ALERT_CHANNEL, PRESET
from bot.policy.example import example
from bot.policy.rules import Policy
from bot.ui.discord.alert import alert_embed
from bot.ui.discord.alert_controls import alert_buttons
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.items import button, control_id, view_of
from bot.ui.discord.replies import guild_id_of, guild_of, say, words_of
from bot.ui.discord.state import add_state
from bot.ui.discord.translation import text
from bot.ui.words import Words

SHOWN: Final = 5
"""How many channels are named if there are more."""

EXAMPLES: Final = ("insult", "hate", "threat", "offensive")
"""Classes of the test alert: the first one that has a threshold is shown."""


def setup_command(
    context: Context, controls: Controls
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; its menus and its button work after a restart too."""
    dialogue = Dialogue(context)
    controls.on("setup_channel", dialogue.choose_channel)
    controls.on("setup_preset", dialogue.choose_preset)
    controls.on("setup_test", dialogue.test)

    @app_commands.command(name="setup", description=text("command.setup"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def setup(interaction: discord.Interaction) -> None:
        """Show what is chosen, and let it be changed."""
        embed, view = dialogue.drawn(interaction)
        await say(interaction, embed=embed, view=view)

    return setup


class Dialogue:
    """One message with two menus and a button; each use of them redraws it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _policy(self, interaction: discord.Interaction) -> Policy:
        return self._context.book.of(guild_id_of(interaction))

    def drawn(self, interaction: discord.Interaction) -> tuple[discord.Embed, discord.ui.View]:
        """Return what the server has chosen, and the menus to change it."""
        guild, words = guild_of(interaction), words_of(interaction)
        policy = self._policy(interaction)
        embed = discord.Embed(title=words("setup.title"), description=words("setup.intro"))
        add_state(embed, guild, policy, words, nowhere="show.choose")
        return embed, _menus(guild, policy, list(self._context.book.defaults.presets), words)

    async def _redraw(
        self, interaction: discord.Interaction, said: str, number: int | None = None
    ) -> None:
        """Show what is chosen now, and above it what was just done."""
        if number is not None:
            said += "\n" + words_of(interaction)("set.undo", number=number)
        embed, view = self.drawn(interaction)
        await interaction.response.edit_message(content=said, embed=embed, view=view)

    async def choose_channel(self, interaction: discord.Interaction, press: Press) -> None:
        """Take the channel that was selected."""
        channel = guild_of(interaction).get_channel(int(press.values[0]))
        if not isinstance(channel, discord.TextChannel):
            await self._redraw(interaction, words_of(interaction)("setup.channel_gone"))
            return
        said, number = await choose_alert_channel(self._context, interaction, channel)
        await self._redraw(interaction, said, number)

    async def choose_preset(self, interaction: discord.Interaction, press: Press) -> None:
        """Take the preset that was selected."""
        words, preset = words_of(interaction), press.values[0]
        name = words(f"preset.{preset}")
        if self._policy(interaction).preset == preset:
            await self._redraw(interaction, words("setup.preset_unchanged", preset=name))
            return
        number = await self._context.change(interaction, {PRESET: preset})
        await self._redraw(interaction, words("setup.preset_set", preset=name), number)

    async def test(self, interaction: discord.Interaction, press: Press) -> None:
        """Send a test alert, if there is a channel for it and anything to alert on."""
        del press
        guild, words = guild_of(interaction), words_of(interaction)
        policy = self._policy(interaction)
        if policy.alert_channel_id is None:
            await self._redraw(interaction, words("setup.choose_first"))
            return
        channel = guild.get_channel(policy.alert_channel_id)
        if not isinstance(channel, discord.TextChannel):
            await self._redraw(interaction, words("setup.channel_gone"))
            return
        if missing := missing_permissions(channel, ALERT_PERMISSIONS):
            await self._redraw(interaction, _missing(channel, missing, words))
            return
        shown = example(policy, EXAMPLES)
        if shown is None:
            await self._redraw(interaction, words("setup.all_off"))
            return
        await interaction.response.defer()
        await _send_test(self._context, guild, channel, policy, *shown)
        embed, _ = self.drawn(interaction)
        said = words("setup.tested", channel=channel.mention)
        await interaction.edit_original_response(content=said, embed=embed, view=None)


async def choose_alert_channel(
    context: Context, interaction: discord.Interaction, channel: discord.TextChannel
) -> tuple[str, int | None]:
    """Make a channel the alert channel, if the bot can write there.

    Returns what to answer, and the number of the change if there was one.
    """
    guild_id, words = guild_id_of(interaction), words_of(interaction)
    missing = missing_permissions(channel, ALERT_PERMISSIONS)
    if missing:
        return _missing(channel, missing, words), None
    number = await context.change(interaction, {ALERT_CHANNEL: channel.id})
    context.dispatcher.forget_problem(guild_id)
    key = "setup.channel_unchanged" if number is None else "setup.channel_set"
    lines = [words(key, channel=channel.mention), *readers_of(channel, words)]
    return "\n".join(lines), number


def readers_of(channel: discord.TextChannel | discord.Thread, words: Words) -> list[str]:
    """Return warnings about who reads an alert channel, none if only moderators do."""
    lines = []
    if channel.permissions_for(channel.guild.default_role).view_channel:
        lines.append(words("setup.public"))
    hidden = [each for each in channel.guild.text_channels if shows_more(channel, each)]
    if hidden:
        shown = ", ".join(each.mention for each in hidden[:SHOWN])
        lines.append(words("setup.confidential", channels=shown, count=len(hidden)))
    return lines


def _missing(channel: discord.TextChannel, missing: list[str], words: Words) -> str:
    return words("setup.missing", channel=channel.mention, missing=words.permissions(missing))


def _menus(
    guild: discord.Guild, policy: Policy, presets: list[str], words: Words
) -> discord.ui.View:
    chosen = guild.get_channel(policy.alert_channel_id or 0)
    channel_menu: discord.ui.ChannelSelect[discord.ui.View] = discord.ui.ChannelSelect(
        custom_id=control_id("setup_channel"),
        channel_types=[discord.ChannelType.text],
        placeholder=words("setup.choose_channel"),
        # Only a channel that the menu would offer: Discord refuses any other one.
        default_values=[chosen] if isinstance(chosen, discord.TextChannel) else [],
    )
    preset_menu: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=control_id("setup_preset"),
        placeholder=words("setup.choose_preset"),
        options=[
            discord.SelectOption(
                label=words(f"preset.{name}"),
                value=name,
                description=words(f"preset_about.{name}"),
                default=name == policy.preset,
            )
            for name in presets
        ],
    )
    done = button(
        words,
        "setup_test",
        style=discord.ButtonStyle.success,
        disabled=policy.alert_channel_id is None,
    )
    return view_of(channel_menu, preset_menu, done)


async def _send_test(
    context: Context,
    guild: discord.Guild,
    channel: discord.TextChannel,
    policy: Policy,
    scores: Scores,
    reason: Reason,
) -> None:
    """Send an example of an alert; its buttons do nothing, because no message stands behind it."""
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
    case = Case(Decision(post, scores, context.judge.model, (reason,)))
    embed = alert_embed([case], words, context.speech.names(guild_id), spoilers=policy.spoilers)
    embed.title = words("setup.test_title")
    view = alert_buttons(post, Record([case]).state, words)
    for item in view.children:
        if isinstance(item, discord.ui.Button):
            item.disabled = True
    await channel.send(embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none())
