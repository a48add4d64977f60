"""Answers that only the person who asked can see, in the language of their Discord client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord
from discord import app_commands

from bot.domain import GuildId
from bot.ui.words import Words, words_for

MESSAGE_LENGTH: Final = 2_000
"""Discord's limit for the text of a message."""


def words_of(interaction: discord.Interaction) -> Words:
    """Return the words in the language of the person's Discord client."""
    return words_for(interaction.locale.value)


async def say(
    interaction: discord.Interaction,
    content: str = "",
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
    files: Sequence[discord.File] = (),
) -> None:
    """Answer so that only the person who asked sees it, deferred or not."""
    missing = discord.utils.MISSING
    shown = missing if embed is None else embed
    offered = missing if view is None else view
    attached = [*files] if file is None else [file, *files]
    if interaction.response.is_done():
        await interaction.followup.send(
            content, embed=shown, view=offered, files=attached, ephemeral=True
        )
    else:
        await interaction.response.send_message(
            content, embed=shown, view=offered, files=attached, ephemeral=True
        )


def guild_of(interaction: discord.Interaction) -> discord.Guild:
    """Return the server that a command was used in. Raises ``NoPrivateMessage`` outside one."""
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild


def guild_id_of(interaction: discord.Interaction) -> GuildId:
    """Return the id of the server that a command was used in."""
    return GuildId(guild_of(interaction).id)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Return the member who used a command. Raises ``NoPrivateMessage`` outside a server."""
    if not isinstance(interaction.user, discord.Member):
        raise app_commands.NoPrivateMessage
    return interaction.user
