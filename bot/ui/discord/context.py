"""The context that every command and button works with."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.desk.alerts import AlertDesk
from bot.desk.evidence import EvidenceDesk
from bot.desk.judging import JudgingDesk
from bot.desk.privacy import PrivacyDesk
from bot.desk.reports import Reports
from bot.desk.settings import SettingsDesk
from bot.domain import GuildId
from bot.enforcement.dispatcher import Dispatcher
from bot.judging.judge import Judge
from bot.platform.gate import DiscordGate, asker_of
from bot.platform.places import ChainOf
from bot.policy.book import PolicyBook
from bot.policy.entries import Changes
from bot.store.ports import Store
from bot.ui.discord.alert_channel import DiscordAlertChannel
from bot.ui.discord.replies import guild_of, member_of
from bot.ui.discord.speech import Speech


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the bot that commands and buttons use."""

    store: Store
    book: PolicyBook
    judge: Judge
    settings: SettingsDesk
    alerts: AlertDesk
    evidence: EvidenceDesk
    judging: JudgingDesk
    reports: Reports
    privacy: PrivacyDesk
    dispatcher: Dispatcher
    channel: DiscordAlertChannel
    speech: Speech
    gate: DiscordGate

    async def change(self, interaction: discord.Interaction, changes: Changes) -> int | None:
        """Change settings on behalf of the person who asked. See ``SettingsDesk.change``."""
        guild = guild_of(interaction)
        asker = asker_of(member_of(interaction))
        return await self.settings.change(GuildId(guild.id), asker, changes, ChainOf(guild))
