"""The people who use the bot, their rights, and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain import Note, UserId


class Right(StrEnum):
    """A server-wide permission, by Discord's name for it."""

    MANAGE_MESSAGES = "manage_messages"
    MODERATE_MEMBERS = "moderate_members"
    MANAGE_SERVER = "manage_guild"


@dataclass(frozen=True, slots=True)
class Asker:
    """A member who asks for something, with their current rights."""

    id: UserId
    rights: frozenset[Right] = frozenset()

    def require(self, *rights: Right) -> None:
        """Raise ``RefusalError`` with the rights that the asker lacks, if any."""
        missing = [right.value for right in rights if right not in self.rights]
        if missing:
            raise RefusalError(Note("refused.right", {"missing": " ".join(missing)}))


class RefusalError(Exception):
    """A request is refused. ``note`` says why, for the person who asked."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.key, dict(note.values))
        self.note = note
