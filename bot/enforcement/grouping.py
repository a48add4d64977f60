"""Which messages share an alert, so that a quarrel is one alert that counts up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.domain import NOWHERE, Case, CaseId, ChannelId, Kind, UserId

MEMBER_WINDOW: Final = timedelta(seconds=30)
"""Between two messages of one member that share an alert."""

CHANNEL_WINDOW: Final = timedelta(seconds=8)
"""Between two messages in one channel, whoever wrote them."""

SHOWN: Final = 4
"""So many of the further messages are listed, the latest ones; an embed must stay readable."""

MOST_OPEN: Final = 1_000
"""Alerts that can still be joined, over all servers; the oldest is forgotten first."""

LONGEST_OPEN: Final = timedelta(days=1)
"""After its last message; then the texts it remembers are let go."""


@dataclass(slots=True, eq=False)
class OpenAlert:
    """An alert on which no moderator has acted yet, and what it tells of."""

    lead: Case
    pinged: bool
    last_at: datetime
    channel_id: ChannelId = NOWHERE
    message_id: int = 0
    """Of the alert itself; 0 while it has not been sent."""
    count: int = 1
    latest: list[Case] = field(default_factory=list)
    keys: set[CaseId] = field(default_factory=set)
    texts: set[int] = field(default_factory=set)
    authors: set[UserId] = field(default_factory=set)
    closed: bool = False
    doubtful: bool = False
    """Sent at least once without an answer, so that it may stand already."""
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, case: Case) -> None:
        """Count a further message; one that is counted already changes nothing."""
        if case.id in self.keys:
            return
        self.keys.add(case.id)
        self.count += 1
        self.latest = [*self.latest, case][-SHOWN:]
        self.last_at = max(self.last_at, case.decision.post.at)
        self.texts.add(text_key(case))
        self.authors.add(case.decision.post.author_id)


def text_key(case: Case) -> int:
    """Return what is equal for equal texts, whatever their case and spacing; in memory only."""
    return hash(" ".join(case.decision.post.text.lower().split()))


class OpenAlerts:
    """Alerts that further messages may join."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[CaseId, OpenAlert] = OrderedDict()

    def __len__(self) -> int:
        return len(self._alerts)

    def joined(self, case: Case, *, pings: bool) -> OpenAlert:
        """Return the alert that tells of a case: one that is open, or a new one, not sent yet.

        A case shares an alert with messages of the same member or channel moments before, and with
        the same text of the same member for as long as that alert is open. The same must have been
        done about it, with the same success, as the alert says it of all. And a case that calls
        for a ping never hides in an alert that had none: nobody is told of an edited message.
        """
        for alert in reversed(self._alerts.values()):
            if case.id in alert.keys:
                return alert
            loud_enough = alert.pinged or not pings
            if loud_enough and _alike(alert.lead, case) and _together(alert, case):
                alert.add(case)
                return alert
        post = case.decision.post
        for key, old in list(self._alerts.items()):
            if post.at - old.last_at < LONGEST_OPEN:
                break
            self.close(key)
        alert = OpenAlert(case, pings, post.at)
        alert.keys.add(case.id)
        alert.texts.add(text_key(case))
        alert.authors.add(post.author_id)
        self._alerts[case.id] = alert
        while len(self._alerts) > MOST_OPEN:
            self._alerts.popitem(last=False)
        return alert

    def close(self, lead: CaseId) -> OpenAlert | None:
        """Let nothing join an alert any more: a moderator acts on it, or it was never sent."""
        alert = self._alerts.pop(lead, None)
        if alert is not None:
            alert.closed = True
        return alert

    async def settled(self, lead: CaseId) -> None:
        """Close an alert and wait until what is being shown of it is shown."""
        alert = self.close(lead)
        if alert is not None:
            async with alert.showing:
                return


def _alike(lead: Case, case: Case) -> bool:
    """Return whether one headline and one row of buttons can stand for both."""
    ended = [
        {kind: outcome.status for kind, outcome in each.outcomes.items() if kind is not Kind.ALERT}
        for each in (lead, case)
    ]
    first, second = lead.decision.post, case.decision.post
    return ended[0] == ended[1] and (first.surface, first.webhook, first.moderator) == (
        second.surface,
        second.webhook,
        second.moderator,
    )


def _together(alert: OpenAlert, case: Case) -> bool:
    lead, post = alert.lead.decision.post, case.decision.post
    if lead.guild_id != post.guild_id:
        return False
    apart = abs(post.at - alert.last_at)
    if post.author_id == lead.author_id:
        if post.text and text_key(case) in alert.texts:
            return True
        if alert.authors == {post.author_id} and apart <= MEMBER_WINDOW:
            return True
    return post.channel_id == lead.channel_id and apart <= CHANNEL_WINDOW
