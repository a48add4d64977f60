"""Tells a raid, many people at once, from a quarrel."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from bot.domain import GuildId, Post, UserId

RAID_WINDOW: Final = timedelta(seconds=30)
RAID_MESSAGES: Final = 10
"""Messages to alert on within the window, and …"""
RAID_AUTHORS: Final = 5
"""… as many different authors among them, make a raid."""

MOST_SERVERS: Final = 1_000
"""Servers whose latest messages are remembered; the one that was quiet longest is forgotten."""


class Raids:
    """Counts what moderators are alerted to, by server; in memory only."""

    def __init__(self) -> None:
        self._latest: OrderedDict[GuildId, deque[tuple[datetime, UserId]]] = OrderedDict()

    def counts(self, post: Post) -> bool:
        """Count a message to alert on; return whether its server is being raided at that moment.

        Only the latest ``RAID_MESSAGES`` messages matter: it is a raid while they lie within
        ``RAID_WINDOW`` of this one and have at least ``RAID_AUTHORS`` authors.
        """
        latest = self._latest.setdefault(post.guild_id, deque(maxlen=RAID_MESSAGES))
        self._latest.move_to_end(post.guild_id)
        while len(self._latest) > MOST_SERVERS:
            self._latest.popitem(last=False)
        latest.append((post.at, post.author_id))
        near = [author for at, author in latest if abs(post.at - at) <= RAID_WINDOW]
        return len(near) == RAID_MESSAGES and len(set(near)) >= RAID_AUTHORS
