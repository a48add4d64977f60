"""Members' reports to moderators: who may make one now, and whether it is the first."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Any, Final

from bot.domain import CaseId, GuildId, Post, UserId

REPORTS: Final = 3
WINDOW_SECONDS: Final = 600.0
"""A member reports at most ``REPORTS`` messages in that time."""

MOST_REMEMBERED: Final = 5_000


class Limit:
    """So many times for each member in a stretch of time; in memory, for the latest members."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._by_member: OrderedDict[tuple[GuildId, UserId], deque[float]] = OrderedDict()

    def allows(self, guild: GuildId, member: UserId) -> bool:
        """Count a use and return whether the member may make it."""
        now = time.monotonic()
        times = self._by_member.setdefault((guild, member), deque(maxlen=self._times))
        self._by_member.move_to_end((guild, member))
        _bounded(self._by_member)
        if len(times) == self._times and now - times[0] < self._seconds:
            return False
        times.append(now)
        return True


class Reports:
    """Who reported what lately; in memory, as it only keeps moderators from being flooded."""

    def __init__(self) -> None:
        self._limit = Limit(REPORTS, WINDOW_SECONDS)
        self._messages: OrderedDict[CaseId, None] = OrderedDict()

    def allowed(self, guild: GuildId, member: UserId) -> bool:
        """Count a report and return whether the member may make it."""
        return self._limit.allows(guild, member)

    def first(self, post: Post) -> bool:
        """Return whether nobody has reported this text of a message yet, and remember it."""
        new = post.id not in self._messages
        self._messages[post.id] = None
        _bounded(self._messages)
        return new

    def forget(self, post: Post) -> None:
        """Let a message be reported again: telling the moderators failed."""
        self._messages.pop(post.id, None)


def _bounded(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
