"""Which messages share an alert, so that a burst is one alert that counts up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.domain import NOWHERE, Case, CaseId, ChannelId, Kind, UserId
from bot.enforcement.raids import Raids

MEMBER_WINDOW: Final = timedelta(seconds=30)
"""Between two messages of one member that share an alert."""

CHANNEL_WINDOW: Final = timedelta(seconds=8)
"""Between two messages in one channel that share an alert during a raid, whoever wrote them."""

MOST_IN_ALERT: Final = 1_000
"""Messages in one alert; the next one begins another alert."""

MOST_OPEN: Final = 1_000
"""Alerts that can still be joined, over all servers; the oldest is forgotten first."""

MOST_CHARACTERS: Final = 4_000_000
"""Of texts that open alerts remember, over all servers; likewise."""

LONGEST_OPEN: Final = timedelta(days=1)
"""After its last message; then the texts it remembers are let go."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class OpenAlert:
    """An alert on which no moderator has acted yet, and the cases it is about."""

    lead: Case
    pinged: bool
    last_at: datetime
    channel_id: ChannelId = NOWHERE
    message_id: int = 0
    """Of the alert itself; 0 while it has not been sent."""
    cases: dict[CaseId, Case] = field(default_factory=dict)
    """In the order in which they joined, the lead first."""
    texts: set[int] = field(default_factory=set)
    authors: set[UserId] = field(default_factory=set)
    characters: int = 0
    closed: bool = False
    doubtful: bool = False
    """Sent at least once without an answer, so it may be in the channel already."""
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def count(self) -> int:
        """How many cases the alert is about."""
        return len(self.cases)

    def add(self, case: Case) -> None:
        """Take a case in; one that is in already changes nothing."""
        if case.id in self.cases:
            return
        post = case.decision.post
        self.cases[case.id] = case
        self.last_at = max(self.last_at, post.at)
        self.texts.add(text_key(case))
        self.authors.add(post.author_id)
        self.characters += len(post.text)


def text_key(case: Case) -> int:
    """Return what is equal for equal texts, whatever their case and spacing; in memory only."""
    return hash(" ".join(case.decision.post.text.lower().split()))


def numbered(cases: Iterable[Case]) -> list[Case]:
    """Return the cases of an alert in the order of their numbers in it, which begin at 1.

    The order is that of Discord's ids, so the journal and the alert agree on it.
    """
    return sorted(cases, key=lambda case: (case.id.subject, case.id.revision))


class OpenAlerts:
    """Alerts that further messages may join."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[CaseId, OpenAlert] = OrderedDict()
        self._raids = Raids()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._alerts)

    def joined(self, case: Case, *, pings: bool) -> OpenAlert:
        """Return the alert about a case: one that is open, or a new one, not sent yet.

        A case shares an alert with messages that the same member wrote moments before, and with
        the same text of the same member for as long as that alert is open. Messages of different
        members share one only in a raid, by channel. All cases of an alert had the same done about
        them, with the same success. And a case that calls for a ping never joins an alert that had
        none: nobody is notified of an edited message.
        """
        for alert in reversed(self._alerts.values()):
            if case.id in alert.cases:
                return alert
        post = case.decision.post
        raid = self._raids.counts(post)
        for alert in reversed(self._alerts.values()):
            loud_enough = alert.pinged or not pings
            if loud_enough and _alike(alert.lead, case) and _together(alert, case, raid=raid):
                self._add(alert, case)
                return alert
        for key, old in list(self._alerts.items()):
            if post.at - old.last_at < LONGEST_OPEN:
                break
            self.close(key)
        alert = OpenAlert(case, pings, post.at)
        self._alerts[case.id] = alert
        self._add(alert, case)
        return alert

    def _add(self, alert: OpenAlert, case: Case) -> None:
        before = alert.characters
        alert.add(case)
        self._characters += alert.characters - before
        while len(self._alerts) > MOST_OPEN or (
            self._characters > MOST_CHARACTERS and len(self._alerts) > 1
        ):
            self._forget(next(iter(self._alerts)))

    def _forget(self, lead: CaseId) -> OpenAlert | None:
        alert = self._alerts.pop(lead, None)
        if alert is not None:
            self._characters -= alert.characters
        return alert

    def close(self, lead: CaseId) -> OpenAlert | None:
        """Let nothing join an alert any more: a moderator acts on it, or it was never sent."""
        alert = self._forget(lead)
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
    """Return whether one headline and one row of buttons fit both."""
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


def _together(alert: OpenAlert, case: Case, *, raid: bool) -> bool:
    lead, post = alert.lead.decision.post, case.decision.post
    if lead.guild_id != post.guild_id or alert.count >= MOST_IN_ALERT:
        return False
    apart = abs(post.at - alert.last_at)
    if alert.authors == {post.author_id}:
        if post.text and text_key(case) in alert.texts:
            return True
        if apart <= MEMBER_WINDOW:
            return True
    return raid and post.channel_id == lead.channel_id and apart <= CHANNEL_WINDOW
