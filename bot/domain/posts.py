"""A text that somebody wrote, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.ids import (
    CaseId,
    ChannelId,
    GuildId,
    Revision,
    RoleId,
    SubjectId,
    Surface,
    UserId,
    time_of,
)

NOWHERE = ChannelId(0)


@dataclass(frozen=True, slots=True)
class Post:
    """One revision of a message, title or nickname, from a live event or from history.

    ``text`` is cleaned (no NUL, no lone surrogate) and kept in memory only. It is left out of
    ``repr``, so no log line can contain it. ``parent_id`` is the channel or forum of a thread, and
    ``category_id`` its category; both are ``NOWHERE`` if there is none. ``moderator`` is whether the
    author can moderate the whole server, and ``webhook`` whether the author is not a person. If
    ``roles_known`` is false, Discord did not send the author's roles, and ``role_ids`` and
    ``moderator`` are empty guesses. ``joined_at`` is when the author joined the server, in memory
    only, or ``None`` if it is not known.
    """

    id: CaseId
    channel_id: ChannelId
    author_id: UserId
    created_at: datetime
    text: str = field(repr=False)
    author_name: str = field(repr=False, default="")
    parent_id: ChannelId = NOWHERE
    category_id: ChannelId = NOWHERE
    role_ids: tuple[RoleId, ...] = ()
    moderator: bool = False
    webhook: bool = False
    roles_known: bool = True
    joined_at: datetime | None = None

    @property
    def guild_id(self) -> GuildId:
        """The server of the post."""
        return self.id.guild

    @property
    def surface(self) -> Surface:
        """The kind of text."""
        return self.id.surface

    @property
    def subject_id(self) -> SubjectId:
        """The message, or the thread or member that has this name."""
        return self.id.subject

    @property
    def revision(self) -> Revision:
        """The version of the text."""
        return self.id.revision

    @property
    def at(self) -> datetime:
        """When this revision was written."""
        return time_of(self.id.revision) or self.created_at
