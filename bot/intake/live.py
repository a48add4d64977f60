"""Puts live events on the queue, without awaiting, so that they keep their order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from bot.domain import Post

MOST_SEEN: Final = 20_000
"""Most texts, and most names, that are remembered as read."""


class RecentlySeen:
    """Remembers the hash of the last value of each key, for the latest ``MOST_SEEN`` keys."""

    def __init__(self, most: int = MOST_SEEN) -> None:
        self._most = most
        self._seen: OrderedDict[Hashable, int] = OrderedDict()

    def new(self, key: Hashable, value: int) -> bool:
        """Remember a value; return whether it differs from the last one."""
        if self._seen.get(key) == value:
            return False
        self._seen[key] = value
        self._seen.move_to_end(key)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True

    def forget(self, key: Hashable) -> None:
        """Forget a key, so that its next value is new."""
        self._seen.pop(key, None)


class Live:
    """Submits new texts and skips those that were read before.

    ``submit`` takes a post without waiting and returns whether there was room for it.
    ``ask_roles`` takes a post without its author's roles. They are fetched before it is submitted,
    so that a moderator is not treated like any other member.
    """

    def __init__(self, submit: Callable[[Post], bool], ask_roles: Callable[[Post], None]) -> None:
        self._submit = submit
        self._ask_roles = ask_roles
        self._texts = RecentlySeen()
        self._names = RecentlySeen()

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        """Read a message. ``later`` means an update: an edit or a link's preview.

        An update that does not change the text is skipped. ``nickname`` returns the author's name
        as a post. It is only called for a new name, as nearly every author's name is known.
        """
        key = post.guild_id, post.subject_id
        if self._texts.new(key, hash(post.text)) or not later:
            if post.roles_known:
                self._submit(post)
            else:
                self._ask_roles(post)
        person = post.guild_id, post.author_id
        if self._names.new(person, hash(post.author_name)):
            name = nickname()
            if name is not None and not self._submit(name):
                self._names.forget(person)  # the author's next message retries it

    def title(self, post: Post) -> None:
        """Read a title that may have changed."""
        if self._texts.new((post.surface, post.id), 0):
            self._submit(post)
