"""The command tree: who may use it, what happens when a command fails, when it is synced."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import discord
import structlog
from discord import app_commands

from bot.store.sqlite import SqliteStore

log = structlog.stdlib.get_logger(__name__)

MODERATOR: Final = discord.Permissions(manage_messages=True)
"""Who counts as a moderator: whoever may delete other people's messages anyway."""

SYNCED: Final = "command_tree"


class Tree(app_commands.CommandTree[discord.Client]):
    """All commands pass one check here, whatever Discord's own defaults were changed to."""

    def __init__(self, client: discord.Client, store: SqliteStore) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._store = store

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Let moderators of this server pass; tell anybody else why not.

        The server-wide permissions count, not those in the channel: these commands change what
        happens in the whole server.
        """
        member = interaction.user
        if isinstance(member, discord.Member) and member.guild_permissions >= MODERATOR:
            return True
        await say(
            interaction, "Only moderators of this server (Manage Messages) can use Bellwether."
        )
        return False

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a failed command; an unforeseen failure is logged with an id to find it by."""
        if isinstance(error, app_commands.TransformerError):
            await say(interaction, f"I cannot use {error.value!r} here: {error}")
        elif isinstance(error, app_commands.CheckFailure):
            return  # interaction_check has answered
        else:
            log.error(
                "command failed",
                command=interaction.command.qualified_name if interaction.command else None,
                guild_id=interaction.guild_id,
                interaction_id=interaction.id,
                exc_info=error,
            )
            await say(
                interaction,
                f"That did not work, and it is my fault. The log has it as `{interaction.id}`.",
            )

    async def sync_if_changed(self) -> None:
        """Send the commands to Discord only when they differ from what it last accepted."""
        payload = [command.to_dict(self) for command in self.get_commands()]
        document = json.dumps(payload, sort_keys=True, default=str)
        digest = hashlib.sha256(f"{self.client.application_id}{document}".encode()).hexdigest()
        if await self._store.fact(SYNCED) == digest:
            return
        await self.sync()
        await self._store.set_fact(SYNCED, digest)
        log.info("commands synced", commands=len(payload))


async def say(
    interaction: discord.Interaction, content: str = "", *, embed: discord.Embed | None = None
) -> None:
    """Answer only to the person who asked, whether or not the interaction was deferred."""
    shown = discord.utils.MISSING if embed is None else embed
    if interaction.response.is_done():
        await interaction.followup.send(content, embed=shown, ephemeral=True)
    else:
        await interaction.response.send_message(content, embed=shown, ephemeral=True)


def guild_of(interaction: discord.Interaction) -> discord.Guild:
    """Return the server a command was used in; the tree lets no other interaction through."""
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild
