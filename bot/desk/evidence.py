"""What a moderator wants to see before deciding about an alert."""

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
"""Messages shown before and after the one that an alert is about."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message near the one that an alert is about. Its text lives in memory only."""

    id: SubjectId
    author_id: UserId
    author_name: str = field(repr=False)
    at: datetime
    text: str = field(repr=False)


class Surroundings(Protocol):
    """Reads the messages around another one, deleted or not. Raises ``TryAgainError``."""

    async def around(
        self, guild: GuildId, channel: ChannelId, message: SubjectId, *, before: int, after: int
    ) -> Sequence[Neighbour] | None:
        """Return the messages around one, oldest first; ``None`` where the channel is gone."""


class Readers(Protocol):
    """Who may read what; asked of Discord at the moment of the click."""

    async def may_read(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody may not read the messages of a channel."""


class EvidenceDesk:
    """Looks up what surrounds the message of an alert. Looking closes no alert."""

    def __init__(self, journal: Journal, surroundings: Surroundings, readers: Readers) -> None:
        self._journal = journal
        self._surroundings = surroundings
        self._readers = readers

    async def around(self, lead: CaseId, asker: Asker) -> tuple[Post, Sequence[Neighbour]]:
        """Return an alert's first message and the few around it, the message itself included.

        Raises ``RefusalError``, also where the asker may not read that channel.
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
