"""Types for ids, and the identity of a case."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple, NewType

GuildId = NewType("GuildId", int)
"""A server; Discord's API calls it a guild."""
ChannelId = NewType("ChannelId", int)
"""A channel, thread, forum or category."""
UserId = NewType("UserId", int)
RoleId = NewType("RoleId", int)
SubjectId = NewType("SubjectId", int)
"""What a text belongs to: a message, the thread of a title, or the member with a nickname."""
Revision = NewType("Revision", str)
"""A version of a subject's text: ``POSTED``, or the result of ``edited`` or ``worded``."""

POSTED: Final = Revision("")
"""A message as it was first posted."""

BIGGEST_ID: Final = 2**63 - 1
"""SQLite's integers are signed. Discord's ids have 64 bits but encode times, and stay below this."""


class Surface(StrEnum):
    """The kind of text. Titles and nicknames are alerted on but never deleted."""

    MESSAGE = "message"
    TITLE = "title"
    NICKNAME = "nickname"


class CaseId(NamedTuple):
    """Identifies a decision and everything that follows from it."""

    guild: GuildId
    surface: Surface
    subject: SubjectId
    revision: Revision


def message_case(guild: int, message: int, revision: Revision = POSTED) -> CaseId:
    """Return the case of a message, from the ids of its server and itself."""
    return CaseId(GuildId(guild), Surface.MESSAGE, SubjectId(message), revision)


def edited(at: datetime) -> Revision:
    """Return the revision of a message that was edited at this time, to the microsecond."""
    return Revision(f"e{int(at.timestamp() * 1_000_000):016d}")


def worded(*texts: str) -> Revision:
    """Return the revision of a subject without an edit time, identified by its text.

    The same texts give the same revision on every machine.
    """
    # With fewer than 96 bits, an attacker could find a harmless and a hateful name that collide.
    return Revision(f"t{blake2b(chr(0).join(texts).encode(), digest_size=12).hexdigest()}")


def time_of(revision: Revision) -> datetime | None:
    """Return when a revision was made, or ``None`` if it has no time."""
    if not revision.startswith("e"):
        return None
    return datetime.fromtimestamp(int(revision[1:]) / 1_000_000, UTC)


def about(case: CaseId) -> CaseId:
    """Return the key under which actions on a case are counted, to avoid repeating them.

    All revisions of a message share a key. Each title and each nickname has its own.
    """
    if case.revision == POSTED or case.surface is not Surface.MESSAGE:
        return case
    return case._replace(revision=POSTED)
