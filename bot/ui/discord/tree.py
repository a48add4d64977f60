"""The command tree: who may use it, how failures are answered, and when it is synced."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Final

import discord
import structlog
from discord import app_commands

from bot.desk.people import RefusalError
from bot.platform.errors import TEMPORARY, reason_of
from bot.platform.members import is_moderator
from bot.policy.thresholds import SettingError
from bot.store.ports import Facts, StoreUnavailableError
from bot.ui.discord.replies import say, words_of
from bot.ui.discord.translation import Translator

log = structlog.stdlib.get_logger(__name__)

SYNCED: Final = "command_tree"

SYNC_SECONDS: Final = 10.0
"""How long moderating waits for Discord to accept the commands."""

FOR_MEMBERS: Final = "for_members"
"""The extra of a command that every member can use."""

AnyCommand = (
    app_commands.Command[app_commands.Group, ..., None]
    | app_commands.Group
    | app_commands.ContextMenu
)


def is_for_members(command: AnyCommand) -> bool:
    """Return whether every member can use a command, or all commands of a group."""
    if isinstance(command, app_commands.Group):
        return all(is_for_members(child) for child in command.commands)
    return bool(command.extras.get(FOR_MEMBERS))


class Tree(app_commands.CommandTree[discord.Client]):
    """Checks every command itself: administrators can change Discord's own defaults."""

    def __init__(self, client: discord.Client, facts: Facts) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._facts = facts
        self._syncing: asyncio.Task[None] | None = None

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Return whether the person may use the command; if not, say so."""
        member = interaction.user
        if isinstance(member, discord.Member):
            command = interaction.command
            if is_moderator(member) or (command and is_for_members(command)):
                return True
        if interaction.type is not discord.InteractionType.autocomplete:
            await say(interaction, words_of(interaction)("refused.moderators"))
        return False

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a failed command; an unexpected failure is logged with an id to find it by."""
        words = words_of(interaction)
        if isinstance(error, app_commands.TransformerError):
            await say(interaction, words("refused.value", value=str(error.value)))
        elif isinstance(error, app_commands.CheckFailure):
            return  # interaction_check has answered
        elif isinstance(error, app_commands.CommandInvokeError) and isinstance(
            error.original, RefusalError
        ):
            await say(interaction, words.note(error.original.note))
        elif isinstance(error, app_commands.CommandInvokeError) and isinstance(
            error.original, SettingError
        ):
            await say(interaction, words("refused.unchanged", why=words.note(error.original.note)))
        else:
            log.error(
                "command failed",
                command=interaction.command.qualified_name if interaction.command else None,
                guild_id=interaction.guild_id,
                interaction_id=interaction.id,
                exc_info=error,
            )
            await say(interaction, words("refused.fault", id=interaction.id))

    async def sync_if_changed(self) -> None:
        """Send the commands to Discord if they differ from what it last accepted.

        Returns after ``SYNC_SECONDS`` at the latest; sending goes on in the background.
        """
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._sync_if_changed(), name="sync")
        # Never cancelled: cancelling a request halfway could block the other ones of discord.py.
        await asyncio.wait({self._syncing}, timeout=SYNC_SECONDS)
        if self._syncing.done():
            self._syncing.result()
        else:
            log.warning("commands not accepted yet", waited_seconds=SYNC_SECONDS)

    async def _sync_if_changed(self) -> None:
        translator = Translator()
        await self.set_translator(translator)
        payload = [
            await command.get_translated_payload(self, translator)
            for command in self.get_commands()
        ]
        document = json.dumps(payload, sort_keys=True, default=str)
        digest = hashlib.sha256(f"{self.client.application_id}{document}".encode()).hexdigest()
        try:
            if await self._facts.fact(SYNCED) == digest:
                return
            await self.sync()
            await self._facts.set_fact(SYNCED, digest)
        except (discord.HTTPException, StoreUnavailableError, *TEMPORARY) as error:
            log.error("sending commands failed, will retry", reason=reason_of(error))  # noqa: TRY400
            return
        log.info("commands synced", commands=len(payload))
