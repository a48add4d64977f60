"""Sends and updates alerts in a server's alert channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

import discord

from bot.desk.record import Record
from bot.domain import NOWHERE, CaseId, ChannelId, GuildId, Note, Outcome, failed
from bot.domain.snowflakes import snowflake_at
from bot.enforcement.actuators import DONE
from bot.enforcement.alert_channel import AlertRemovedError, SentAlert
from bot.enforcement.grouping import OpenAlert, numbered
from bot.platform.errors import UNKNOWN_MESSAGE, discord_errors
from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    EVIDENCE_PERMISSIONS,
    missing_permissions,
    shows_more,
)
from bot.platform.places import Servers
from bot.policy.book import PolicyBook
from bot.policy.rules import Policy
from bot.ui.discord.alert import alert_embed, count_of, shows_all
from bot.ui.discord.alert_controls import alert_buttons, lead_of
from bot.ui.discord.alert_record import Page, pages
from bot.ui.discord.speech import Speech

NONCE_LENGTH: Final = 25

RECALLED: Final = 1_000
"""The latest messages of the alert channel that are searched after a crash."""

Writable = discord.TextChannel | discord.Thread


class DiscordAlertChannel:
    """See ``enforcement.alert_channel.AlertChannel``."""

    def __init__(self, servers: Servers, book: PolicyBook, speech: Speech) -> None:
        self._servers = servers
        self._book = book
        self._speech = speech
        self._attached: WeakKeyDictionary[
            OpenAlert, dict[tuple[CaseId, ...], discord.Attachment]
        ] = WeakKeyDictionary()

    def place(self, guild: GuildId) -> ChannelId | Outcome:
        """Return the alert channel of a server, or an outcome that says why it cannot be used."""
        channel = self.channel(guild)
        return channel if isinstance(channel, Outcome) else ChannelId(channel.id)

    def channel(self, guild: GuildId, wanted: ChannelId = NOWHERE) -> Writable | Outcome:
        """Return the ``wanted`` channel, or else the server's alert channel, if it is usable."""
        chosen = wanted or self._book.of(guild).alert_channel_id
        if chosen is None:
            return failed("failed.no_alert_channel")
        channel = self._servers.channel(guild, chosen)
        if not isinstance(channel, Writable):
            return failed("failed.alert_channel_gone")
        missing = missing_permissions(channel, ALERT_PERMISSIONS)
        if missing:
            return failed("failed.alert_permission", missing=" ".join(missing))
        return channel

    async def send(self, alert: OpenAlert) -> Outcome:
        """Send an alert. A repetition is harmless: Discord drops messages with the same nonce."""
        guild = alert.lead.id.guild
        channel = self.channel(guild)
        if isinstance(channel, Outcome):
            return channel
        nonce = f"{alert.lead.id.subject}.{alert.lead.id.revision}"[-NONCE_LENGTH:]
        content, mentions = _ping(self._book.of(guild), pinged=alert.pinged)
        embed, view, record = self._drawn(alert, channel)
        with discord_errors():
            try:
                sent = await channel.send(
                    content,
                    embed=embed,
                    view=view,
                    files=[page.file() for page in record],
                    nonce=nonce,
                    allowed_mentions=mentions,
                )
            except discord.NotFound:
                return failed("failed.alert_channel_gone")
            except discord.Forbidden as error:
                return failed("failed.refused", reason=error.text)
        alert.channel_id, alert.message_id = ChannelId(channel.id), sent.id
        self._keep(alert, record, sent)
        return DONE

    async def update(self, alert: OpenAlert) -> Outcome:
        """Update an alert with the cases that joined it. Raises ``AlertRemovedError``."""
        channel = self.channel(alert.lead.id.guild, alert.channel_id)
        if isinstance(channel, Outcome):
            return channel
        embed, view, record = self._drawn(alert, channel)
        there = self._attached.get(alert, {})
        files = [there.get(page.cases) or page.file() for page in record]
        # Without the permission to attach more, what is attached stays.
        kept = discord.utils.MISSING if there and not record else files
        with discord_errors():
            try:
                edited = await channel.get_partial_message(alert.message_id).edit(
                    embed=embed,
                    view=view,
                    attachments=kept,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
            except discord.NotFound as error:
                if error.code == UNKNOWN_MESSAGE:
                    raise AlertRemovedError from error
                return failed("failed.alert_channel_gone")
            except discord.Forbidden as error:
                return failed("failed.refused", reason=error.text)
        if record:
            self._keep(alert, record, edited)
        return DONE

    def _keep(self, alert: OpenAlert, record: Sequence[Page], message: discord.Message) -> None:
        """Remember the files, so that updates upload only those that have changed."""
        self._attached[alert] = {
            page.cases: attachment
            for page, attachment in zip(record, message.attachments, strict=False)
        }

    def _drawn(
        self, alert: OpenAlert, channel: Writable
    ) -> tuple[discord.Embed, discord.ui.View, list[Page]]:
        """Return the content of an alert: its embed, its buttons, and the texts the embed cuts."""
        guild = alert.lead.id.guild
        policy = self._book.of(guild)
        words, names = self._speech.words(guild, policy), self._speech.names(guild)
        cases = list(alert.cases.values())
        files: bool | None = None
        if not shows_all(cases, names, spoilers=policy.spoilers):
            files = not missing_permissions(channel, EVIDENCE_PERMISSIONS)
        embed = alert_embed(cases, words, names, spoilers=policy.spoilers, files=files)
        if self._quotes_more(alert):
            embed.add_field(
                name=words("alert.confidential_title"), value=words("alert.confidential")
            )
        record = pages(numbered(cases), words, names) if files else []
        view = alert_buttons(alert.lead.decision.post, Record(cases).state, words)
        return embed, view, record

    def _quotes_more(self, alert: OpenAlert) -> bool:
        """Return whether an alert shows a message to people who cannot see its channel."""
        guild = alert.lead.id.guild
        channel = self.channel(guild, alert.channel_id)
        if isinstance(channel, Outcome):
            return False
        written_in = {case.decision.post.channel_id for case in alert.cases.values()}
        origins = (self._servers.channel(guild, origin) for origin in written_in)
        return any(shows_more(channel, origin) for origin in origins if origin is not None)

    async def sent_since(self, guild: GuildId, since: datetime) -> dict[CaseId, SentAlert]:
        """Return the alerts sent since a time, by their lead case."""
        channel = self.channel(guild)
        if isinstance(channel, Outcome):
            return {}
        own, found = self._servers.client.user, {}
        after = discord.Object(snowflake_at(since))
        with discord_errors():
            try:
                # Latest first, because the oldest message of an alert can be years old.
                async for message in channel.history(
                    limit=RECALLED, after=after, oldest_first=False
                ):
                    lead = lead_of(message) if own and message.author.id == own.id else None
                    if lead is not None:
                        # If a moderator removed the embed, only the lead case is certain.
                        count = count_of(message.embeds[0]) if message.embeds else 1
                        found[lead] = SentAlert(message.id, count)
            except (discord.Forbidden, discord.NotFound):
                return {}
        return found

    async def report_problem(self, guild: GuildId, note: Note) -> None:
        """Say that alerts cannot be sent, in the channel where Discord notifies moderators.

        Only community servers have such a channel. Elsewhere the log and `/threshold show` say it.
        """
        server = self._servers.guild(guild)
        channel = None if server is None else server.public_updates_channel
        if channel is None or missing_permissions(channel, ALERT_PERMISSIONS):
            return
        words = self._speech.words(guild, self._book.of(guild))
        with discord_errors():
            await channel.send(
                words("notice.alerts", reason=words.note(note)),
                nonce=guild,
                allowed_mentions=discord.AllowedMentions.none(),
            )


def _ping(policy: Policy, *, pinged: bool) -> tuple[str, discord.AllowedMentions]:
    if not pinged or policy.ping_role_id is None:
        return "", discord.AllowedMentions.none()
    role = discord.Object(policy.ping_role_id)
    mentions = discord.AllowedMentions(everyone=False, users=False, roles=[role])
    return f"<@&{policy.ping_role_id}>", mentions
