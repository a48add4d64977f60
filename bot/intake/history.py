"""The interface for reading Discord's message history, used to catch up after downtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bot.domain import ChannelId, GuildId, Post, SubjectId

PAGE: Final = 100
"""Messages that Discord returns for one request."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel or thread with messages.

    ``latest`` is its last message. In an empty channel it is the channel's own id, which is a
    snowflake of the time when it was created.
    """

    guild: GuildId
    id: ChannelId
    latest: SubjectId
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a channel's messages: their posts, their number, and the id of the last one.

    The number of posts can differ: some messages give no post, and a name is a post of its own.
    """

    posts: Sequence[Post]
    messages: int
    last: SubjectId | None


class History(Protocol):
    """Reads messages from the past. Raises ``TemporaryError`` and ``RefusedError``."""

    def guilds(self) -> Sequence[GuildId]:
        """Return the servers that the bot is in, except unavailable ones."""

    def present(self, guild: GuildId) -> bool:
        """Return whether the bot is in a server and the server is available."""

    def joined_at(self, guild: GuildId) -> datetime | None:
        """Return when the bot joined a server, or ``None`` if unknown."""

    def channels(self, guild: GuildId) -> Sequence[Channel]:
        """Return a server's channels and active threads."""

    def channel(self, guild: GuildId, channel_id: ChannelId) -> Channel | None:
        """Return a channel or active thread, or ``None`` if it does not exist."""

    async def archived(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """Return the public threads of a server that were archived after a time."""

    async def after(self, channel: Channel, message: SubjectId, limit: int) -> Page:
        """Return up to ``limit`` messages after a message, oldest first. At most ``PAGE``."""

    async def edited(self, channel: Channel, until: SubjectId, since: datetime) -> Sequence[Post]:
        """Return the posts edited since a time, of the ``PAGE`` messages up to ``until``.

        A thread's title is always included.
        """

    def forget_members(self) -> None:
        """Forget the authors' roles, so that they are requested again."""
