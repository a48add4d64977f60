"""Who and what a thing is: ids as types of their own, and the identity of a case."""

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
"""What a text belongs to: a message, a thread for its title, a member for a nickname."""
Revision = NewType("Revision", str)
"""Which wording of a subject: ``POSTED``, or made by ``edited`` or ``worded``."""

POSTED: Final = Revision("")
"""A message as it was first posted."""

BIGGEST_ID: Final = 2**63 - 1
"""Discord's ids are 64 bits wide and, as times, never reach the last one. SQLite's are signed."""


class Surface(StrEnum):
    """Where a text stands. Titles and nicknames are alerted on but never deleted."""

    MESSAGE = "message"
    TITLE = "title"
    NICKNAME = "nickname"


class CaseId(NamedTuple):
    """What identifies a decision and all that follows from it."""

    guild: GuildId
    surface: Surface
    subject: SubjectId
    revision: Revision


def message_case(guild: int, message: int, revision: Revision = POSTED) -> CaseId:
    """Return the identity of a message, from Discord's plain numbers."""
    return CaseId(GuildId(guild), Surface.MESSAGE, SubjectId(message), revision)


def edited(at: datetime) -> Revision:
    """Return the revision of a message that was edited at a time, to the microsecond."""
    return Revision(f"e{int(at.timestamp() * 1_000_000):016d}")


def worded(*texts: str) -> Revision:
    """Return the revision of a subject that has no time of its own: its wording identifies it.

    The same texts give the same revision on every machine.
    """
    # 96 bits: with fewer somebody could find a harmless and a hateful name that share a revision.
    return Revision(f"t{blake2b(chr(0).join(texts).encode(), digest_size=12).hexdigest()}")


def time_of(revision: Revision) -> datetime | None:
    """Return when a revision was made, ``None`` where it does not say."""
    if not revision.startswith("e"):
        return None
    return datetime.fromtimestamp(int(revision[1:]) / 1_000_000, UTC)


def about(case: CaseId) -> CaseId:
    """Return what an action is about, to tell what was done about it already.

    A message is one thing whatever it was edited to. Each title and each nickname is another one.
    """
    if case.revision == POSTED or case.surface is not Surface.MESSAGE:
        return case
    return case._replace(revision=POSTED)
