"""Limits members' reports to moderators, and recognises repeated ones."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Any, Final

from bot.domain import CaseId, GuildId, Post, UserId

REPORTS: Final = 3
WINDOW_SECONDS: Final = 600.0
"""A member may report ``REPORTS`` messages in this time."""

MOST_REMEMBERED: Final = 5_000


class Limit:
    """A rate limit for each member, in memory for the ``MOST_REMEMBERED`` latest members."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._by_member: OrderedDict[tuple[GuildId, UserId], deque[float]] = OrderedDict()

    def allows(self, guild: GuildId, member: UserId) -> bool:
        """Count a use, and return whether it is within the limit."""
        now = time.monotonic()
        times = self._by_member.setdefault((guild, member), deque(maxlen=self._times))
        self._by_member.move_to_end((guild, member))
        _bounded(self._by_member)
        if len(times) == self._times and now - times[0] < self._seconds:
            return False
        times.append(now)
        return True


class Reports:
    """Recent reports. They are only in memory, because they only protect moderators from floods."""

    def __init__(self) -> None:
        self._limit = Limit(REPORTS, WINDOW_SECONDS)
        self._messages: OrderedDict[CaseId, None] = OrderedDict()

    def allowed(self, guild: GuildId, member: UserId) -> bool:
        """Count a report, and return whether the member may make it."""
        return self._limit.allows(guild, member)

    def first(self, post: Post) -> bool:
        """Return whether this revision of a message is reported for the first time; remember it."""
        new = post.id not in self._messages
        self._messages[post.id] = None
        _bounded(self._messages)
        return new

    def forget(self, post: Post) -> None:
        """Allow a message to be reported again, after the report could not be delivered."""
        self._messages.pop(post.id, None)


def _bounded(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
