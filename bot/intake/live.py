"""What Discord tells as it happens, onto the queue: no await before that, it would cost the order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from bot.domain import Post

MOST_SEEN: Final = 20_000
"""Messages and names that are remembered as read."""


class RecentlySeen:
    """What was last seen under a key, as a hash, for the latest ``MOST_SEEN`` keys."""

    def __init__(self, most: int = MOST_SEEN) -> None:
        self._most = most
        self._seen: OrderedDict[Hashable, int] = OrderedDict()

    def new(self, key: Hashable, value: int) -> bool:
        """Remember a value and return whether it is another than before."""
        if self._seen.get(key) == value:
            return False
        self._seen[key] = value
        self._seen.move_to_end(key)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True

    def forget(self, key: Hashable) -> None:
        """Let whatever comes next be new."""
        self._seen.pop(key, None)


class Live:
    """Skips what brings nothing new, and submits the rest.

    ``submit`` takes a post without waiting and returns whether there was room for it.
    ``ask_roles`` takes a post whose author's roles Discord did not tell: they are asked for before
    it is submitted, because a moderator must not be taken for a member.
    """

    def __init__(self, submit: Callable[[Post], bool], ask_roles: Callable[[Post], None]) -> None:
        self._submit = submit
        self._ask_roles = ask_roles
        self._texts = RecentlySeen()
        self._names = RecentlySeen()

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        """Read a message; ``later`` says that it was told of before: an edit, a link's preview.

        A text that is as it was brings nothing. ``nickname`` makes a post of the name its author
        goes by, and is asked only where that is new: nearly every message comes with a known one.
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
                self._names.forget(person)  # the next message brings it

    def title(self, post: Post) -> None:
        """Read a title that may have changed."""
        if self._texts.new((post.surface, post.id), 0):
            self._submit(post)
