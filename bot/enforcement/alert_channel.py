"""The interface of the alert channel, which shows alerts to moderators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain import CaseId, ChannelId, GuildId, Note, Outcome
from bot.enforcement.grouping import OpenAlert


class AlertRemovedError(Exception):
    """The alert to update no longer exists."""


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert in the alert channel: the id of its message, and the number of its cases."""

    message_id: int
    count: int


class AlertChannel(Protocol):
    """Shows alerts to moderators. Raises ``TemporaryError`` and ``RefusedError``."""

    def place(self, guild: GuildId) -> ChannelId | Outcome:
        """Return the alert channel of a server, or an outcome that says why it cannot be used."""

    async def send(self, alert: OpenAlert) -> Outcome:
        """Send an alert, and set its ``channel_id`` and ``message_id``."""

    async def update(self, alert: OpenAlert) -> Outcome:
        """Update a sent alert with the cases that joined it. Raises ``AlertRemovedError``."""

    async def sent_since(self, guild: GuildId, since: datetime) -> dict[CaseId, SentAlert]:
        """Return the alerts sent since a time, by their lead case."""

    async def report_problem(self, guild: GuildId, note: Note) -> None:
        """Tell moderators outside the alert channel, if possible, that alerts cannot be sent."""
