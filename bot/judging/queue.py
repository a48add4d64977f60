"""Where posts wait: servers in turns, by what their texts cost."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.domain import Decision, GuildId, Post, Surface

TURN_CHARACTERS: Final = 256
"""A text of so many characters costs one turn; ordinary messages are shorter."""


class Waiting(NamedTuple):
    """A post in the queue.

    ``done`` gets its decision once that is on disk. Without ``act`` nothing is done about it.
    """

    post: Post
    done: asyncio.Future[Decision] | None = None
    act: bool = True


def cost_of(post: Post) -> int:
    """Return how many turns a post takes: one for an ordinary message, 16 for the longest."""
    return 1 + len(post.text) // TURN_CHARACTERS


@dataclass(slots=True)
class _Line:
    posts: deque[Waiting] = field(default_factory=deque)
    saved: int = 0
    """Turns that have passed while the first post was too costly for them."""


class FairQueue(asyncio.Queue[Waiting]):
    """Posts of one server in their order, servers in turns: a raid is waited for only where it is.

    A post that costs several turns waits for as many. The hooks are those that ``asyncio.Queue``
    has for its subclasses.
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
            # Alone, a server waits for nobody.
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
        """Put a post into a full queue in place of the latest of the longest line; return that one.

        The post itself is returned where its own server's line is the longest.
        """
        guild, longest = max(self._lines.items(), key=lambda item: len(item[1].posts))
        own = self._lines.get(waiting.post.guild_id, _Line())
        if guild == waiting.post.guild_id or len(own.posts) + 1 >= len(longest.posts):
            return waiting
        # A nickname is not in any history: it could not be read again. Somebody waits for a future.
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
        """Return how many posts wait."""
        return self._waiting

    def empty(self) -> bool:
        """Return whether none waits."""
        return not self._waiting
