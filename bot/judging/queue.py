"""The queue of posts. Servers take turns, so a busy server does not delay the others."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.domain import Decision, GuildId, Post, Surface

TURN_CHARACTERS: Final = 256
"""Characters for each further turn. An ordinary message is shorter and takes one turn."""


class Waiting(NamedTuple):
    """A post in the queue.

    ``done`` receives its decision once it is on disk. Without ``act``, no action is taken.
    """

    post: Post
    done: asyncio.Future[Decision] | None = None
    act: bool = True


def cost_of(post: Post) -> int:
    """Return how many turns a post takes: 1 for an ordinary message, 16 for the longest."""
    return 1 + len(post.text) // TURN_CHARACTERS


@dataclass(slots=True)
class _Line:
    posts: deque[Waiting] = field(default_factory=deque)
    saved: int = 0
    """Turns that the server has saved up for its first post."""


class FairQueue(asyncio.Queue[Waiting]):
    """Keeps the order within a server and lets servers take turns.

    During a raid, only the raided server has to wait. A post that takes several turns waits for as
    many. The methods with an underscore are the ones that ``asyncio.Queue`` has for subclasses.
    """

    def _init(self, maxsize: int) -> None:
        del maxsize
        self._lines: OrderedDict[GuildId, _Line] = OrderedDict()
        self._waiting = 0

    def _put(self, item: Waiting) -> None:
        guild = item.post.guild_id
        line = self._lines.get(guild)
        if line is None:
            line = self._lines[guild] = _Line()
        line.posts.append(item)
        self._waiting += 1

    def _get(self) -> Waiting:
        while True:
            guild, line = self._lines.popitem(last=False)
            line.saved += 1
            # A server that is alone in the queue need not wait for its turn.
            if not self._lines or line.saved >= cost_of(line.posts[0].post):
                break
            self._lines[guild] = line
        line.saved = 0
        waiting = line.posts.popleft()
        if line.posts:
            self._lines[guild] = line
        self._waiting -= 1
        return waiting

    def displace(self, waiting: Waiting) -> Waiting:
        """Put a post into a full queue in place of another post, and return the dropped post.

        The latest post of the server with the most posts is dropped. The new post itself is dropped
        if its own server has the most, or if no other post may be dropped.
        """
        guild, longest = max(self._lines.items(), key=lambda item: len(item[1].posts))
        own = self._lines.get(waiting.post.guild_id, _Line())
        if guild == waiting.post.guild_id or len(own.posts) + 1 >= len(longest.posts):
            return waiting
        # Not dropped from the queue: nicknames, which no history has to read them again, and posts
        # with a future, because a caller is waiting for it.
        line = longest.posts
        places = range(len(line) - 1, -1, -1)
        last = next(
            (
                place
                for place in places
                if line[place].post.surface is not Surface.NICKNAME and line[place].done is None
            ),
            None,
        )
        if last is None:
            return waiting
        displaced = line[last]
        del line[last]
        self._lines.setdefault(waiting.post.guild_id, _Line()).posts.append(waiting)
        return displaced

    def qsize(self) -> int:
        """Return the number of posts in the queue."""
        return self._waiting

    def empty(self) -> bool:
        """Return whether the queue is empty."""
        return not self._waiting
