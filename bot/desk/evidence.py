"""Shows moderators the context of an alert's message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from bot.desk.people import Asker, RefusalError
from bot.domain import CaseId, ChannelId, GuildId, Note, Post, SubjectId, Surface, UserId
from bot.store.ports import Journal

BEFORE: Final = 5
AFTER: Final = 3
"""The number of messages shown before and after the message of an alert."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message near the message of an alert. Its text is never stored."""

    id: SubjectId
    author_id: UserId
    author_name: str = field(repr=False)
    at: datetime
    text: str = field(repr=False)


class Surroundings(Protocol):
    """Reads the messages around a message, which may be deleted. Raises ``TemporaryError``."""

    async def around(
        self, guild: GuildId, channel: ChannelId, message: SubjectId, *, before: int, after: int
    ) -> Sequence[Neighbour] | None:
        """Return the messages around one, oldest first, or ``None`` if the channel is gone."""


class Readers(Protocol):
    """Checks with Discord who may read a channel, at the moment of the click."""

    async def may_read(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody may not read a channel, or ``None`` if they may."""


class EvidenceDesk:
    """Looks up the messages around an alert's message. The alert stays open."""

    def __init__(self, journal: Journal, surroundings: Surroundings, readers: Readers) -> None:
        self._journal = journal
        self._surroundings = surroundings
        self._readers = readers

    async def around(self, lead: CaseId, asker: Asker) -> tuple[Post, Sequence[Neighbour]]:
        """Return an alert's first message, and the messages around it including itself.

        Raises ``RefusalError``, for example if the asker may not read that channel.
        """
        cases = await self._journal.told_by_alert(lead)
        if not cases or lead.surface is not Surface.MESSAGE:
            raise RefusalError(Note("refused.no_record"))
        post = cases[0].decision.post
        refusal = await self._readers.may_read(asker, lead.guild, post.channel_id)
        if refusal is not None:
            raise RefusalError(refusal)
        found = await self._surroundings.around(
            lead.guild, post.channel_id, post.subject_id, before=BEFORE, after=AFTER
        )
        if found is None:
            raise RefusalError(Note("failed.no_channel"))
        return post, found
