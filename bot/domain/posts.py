"""What somebody wrote, and where."""

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
    """One revision of one message, title or nickname, whatever way it reached the bot.

    ``text`` is cleaned (no NUL, no lone surrogate) and lives in memory only; it is left out of
    ``repr`` so that no log line can carry it. ``parent_id`` is the channel or forum of a thread,
    ``category_id`` the category above; ``NOWHERE`` is none. ``moderator`` says whether the author
    may moderate the whole server, ``webhook`` that there is no person behind the id. ``roles_known``
    says whether Discord told the author's roles; where it did not, ``role_ids`` and ``moderator``
    are empty guesses.
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

    @property
    def guild_id(self) -> GuildId:
        """The server it was written in."""
        return self.id.guild

    @property
    def surface(self) -> Surface:
        """Where the text stands."""
        return self.id.surface

    @property
    def subject_id(self) -> SubjectId:
        """The message, or the thread or member that goes by the text."""
        return self.id.subject

    @property
    def revision(self) -> Revision:
        """Which wording this is."""
        return self.id.revision

    @property
    def at(self) -> datetime:
        """When this revision was written."""
        return time_of(self.id.revision) or self.created_at
