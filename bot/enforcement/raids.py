"""Detects raids: offending messages from many members at once, unlike in a quarrel."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from bot.domain import CaseId, GuildId, Post, UserId

RAID_WINDOW: Final = timedelta(seconds=30)
RAID_MESSAGES: Final = 10
RAID_AUTHORS: Final = 5
"""A raid is ``RAID_MESSAGES`` alerted messages by ``RAID_AUTHORS`` people in ``RAID_WINDOW``."""

MOST_SERVERS: Final = 1_000
"""Servers kept in memory. Beyond that the one that was quiet longest is dropped."""


class Raids:
    """Counts alerted messages by server, in memory only."""

    def __init__(self) -> None:
        self._latest: OrderedDict[GuildId, deque[tuple[CaseId, datetime, UserId]]] = OrderedDict()

    def count(self, post: Post) -> bool:
        """Count an alerted message, and return whether its server is being raided at that moment.

        It is a raid if the latest ``RAID_MESSAGES`` messages were all written within
        ``RAID_WINDOW`` of this one, by at least ``RAID_AUTHORS`` authors.
        """
        latest = self._latest.setdefault(post.guild_id, deque(maxlen=RAID_MESSAGES))
        self._latest.move_to_end(post.guild_id)
        while len(self._latest) > MOST_SERVERS:
            self._latest.popitem(last=False)
        if all(case != post.id for case, _, _ in latest):
            latest.append((post.id, post.at, post.author_id))
        near = [author for _, at, author in latest if abs(post.at - at) <= RAID_WINDOW]
        return len(near) == RAID_MESSAGES and len(set(near)) >= RAID_AUTHORS
