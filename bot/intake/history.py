"""What reading the past asks of Discord. Catching up and scans share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bot.domain import ChannelId, GuildId, Post, SubjectId

PAGE: Final = 100
"""Messages that Discord gives at once."""


@dataclass(frozen=True, slots=True)
class Room:
    """A channel or thread that messages stand in.

    ``latest`` is its last message; where there is none, its own id, which is as old as it is.
    """

    guild: GuildId
    id: ChannelId
    latest: SubjectId
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a channel's messages: how many there were, the last one's id, and their posts.

    Not every message is a post, and names are posts of their own.
    """

    posts: Sequence[Post]
    messages: int
    last: SubjectId | None


class History(Protocol):
    """Reads what was written. Raises ``TryAgainError`` and ``RefusedError``."""

    def guilds(self) -> Sequence[GuildId]:
        """Return the servers that the bot is in and that are there now."""

    def present(self, guild: GuildId) -> bool:
        """Return whether a server is there now."""

    def joined_at(self, guild: GuildId) -> datetime | None:
        """Return since when the bot is in a server, ``None`` where Discord has not said."""

    def rooms(self, guild: GuildId) -> Sequence[Room]:
        """Return a server's channels and active threads."""

    def room(self, guild: GuildId, channel: ChannelId) -> Room | None:
        """Return one of them, ``None`` where it is gone."""

    async def archived(self, guild: GuildId, since: datetime) -> Sequence[Room]:
        """Return a server's public threads that were archived after a time."""

    async def after(self, room: Room, message: SubjectId, limit: int) -> Page:
        """Return the oldest messages after one, oldest first, at most ``PAGE``."""

    async def edited(self, room: Room, until: SubjectId, since: datetime) -> Sequence[Post]:
        """Return what was edited since a time of the latest ``PAGE`` messages up to one.

        A thread's title is among it.
        """

    def forget_members(self) -> None:
        """Ask for authors' roles anew from now on."""
