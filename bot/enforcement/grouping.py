"""Decides which messages share an alert, so that a burst does not flood the alert channel."""

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
"""The longest time between two messages of one member that share an alert."""

CHANNEL_WINDOW: Final = timedelta(seconds=8)
"""The same for messages in one channel during a raid, whoever wrote them."""

MOST_IN_ALERT: Final = 1_000
"""Messages in one alert. The next message opens another alert."""

MOST_OPEN: Final = 1_000
"""Open alerts in all servers together. Beyond that the oldest is closed to further messages."""

MOST_CHARACTERS: Final = 4_000_000
"""Characters that the open alerts of all servers hold in memory, with the same consequence."""

LONGEST_OPEN: Final = timedelta(days=1)
"""How long an alert stays open after its last message. Then its texts leave memory."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class OpenAlert:
    """An alert that further cases may join, because no moderator has acted on it yet."""

    lead: Case
    pinged: bool
    last_at: datetime
    channel_id: ChannelId = NOWHERE
    message_id: int = 0
    """The alert's own message, or 0 before it is sent."""
    cases: dict[CaseId, Case] = field(default_factory=dict)
    """In the order in which they joined, starting with the lead."""
    texts: set[int] = field(default_factory=set)
    authors: set[UserId] = field(default_factory=set)
    characters: int = 0
    closed: bool = False
    maybe_sent: bool = False
    """Whether sending failed without an answer, so that the alert may be in the channel."""
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def count(self) -> int:
        """The number of cases in the alert."""
        return len(self.cases)

    def add(self, case: Case) -> None:
        """Add a case, unless the alert already has it."""
        if case.id in self.cases:
            return
        post = case.decision.post
        self.cases[case.id] = case
        self.last_at = max(self.last_at, post.at)
        self.texts.add(text_key(case))
        self.authors.add(post.author_id)
        self.characters += len(post.text)


def text_key(case: Case) -> int:
    """Return a hash of a case's text that ignores upper case and spacing. Never stored."""
    return hash(" ".join(case.decision.post.text.lower().split()))


def numbered(cases: Iterable[Case]) -> list[Case]:
    """Return the cases of an alert in the order in which the alert numbers them, from 1.

    They are sorted by Discord's ids, so that the journal and the alert agree on the numbers.
    """
    return sorted(cases, key=lambda case: (case.id.subject, case.id.revision))


class OpenAlerts:
    """The alerts that further messages may join."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[CaseId, OpenAlert] = OrderedDict()
        self._raids = Raids()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._alerts)

    def join(self, case: Case, *, pings: bool) -> OpenAlert:
        """Add a case to an open alert, or to a new one that is not sent yet, and return the alert.

        A case shares an alert with messages that the same member wrote within ``MEMBER_WINDOW``. A
        repeated text of that member joins for as long as the alert is open. Messages of different
        members share an alert only during a raid, and only in the same channel. All cases of an
        alert had the same actions with the same result. A case that calls for a ping never joins an
        alert without one, because editing a message notifies nobody.
        """
        for alert in reversed(self._alerts.values()):
            if case.id in alert.cases:
                return alert
        post = case.decision.post
        for key, old in list(self._alerts.items()):
            if post.at - old.last_at >= LONGEST_OPEN:
                self.close(key)
        raid = self._raids.count(post)
        for alert in reversed(self._alerts.values()):
            loud_enough = alert.pinged or not pings
            if loud_enough and _together(alert, case, raid=raid) and _alike(alert.lead, case):
                self._add(alert, case)
                return alert
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
        """Close an alert to further cases and return it, or ``None`` if it is not open.

        Used when a moderator acts on it, and when it could not be sent.
        """
        alert = self._forget(lead)
        if alert is not None:
            alert.closed = True
        return alert

    async def close_and_wait(self, lead: CaseId) -> None:
        """Close an alert and wait until an update in progress is finished."""
        alert = self.close(lead)
        if alert is not None:
            async with alert.showing:
                return


def _alike(lead: Case, case: Case) -> bool:
    """Return whether the same title and buttons fit both cases."""
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
