"""What alerting asks of where moderators are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain import CaseId, ChannelId, GuildId, Note, Outcome
from bot.enforcement.grouping import OpenAlert


class AlertRemovedError(Exception):
    """The alert that was to count up is not there any more."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as it stands in its channel: its message, and of how many cases it tells."""

    message_id: int
    count: int


class AlertChannel(Protocol):
    """Shows alerts to moderators. Raises ``TryAgainError`` and ``RefusedError``."""

    def place(self, guild: GuildId) -> ChannelId | Outcome:
        """Return the channel that a server's moderators chose; an outcome says why it cannot be."""

    async def send(self, alert: OpenAlert) -> Outcome:
        """Send an alert, and note in it where it stands."""

    async def update(self, alert: OpenAlert) -> Outcome:
        """Have an alert count what has joined it. Raises ``AlertRemovedError``."""

    async def shown(self, guild: GuildId, since: datetime) -> dict[CaseId, Shown]:
        """Return the alerts in the channel since a time, by the case they lead with."""

    async def complain(self, guild: GuildId, note: Note) -> None:
        """Tell moderators elsewhere, where there is such a place, that alerts cannot be sent."""
