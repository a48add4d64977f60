"""A decision on its way through enforcement, and what moderators say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.decisions import Decision, Kind
from bot.domain.ids import CaseId, UserId


class Status(StrEnum):
    """How a journalled action stands."""

    PENDING = "pending"
    DONE = "done"
    OBSERVED = "observed"
    FAILED = "failed"


class Judgement(StrEnum):
    """What a moderator says of what the bot did about a message, or did not do."""

    RIGHT = "right"
    FALSE_POSITIVE = "false_positive"
    MISSED = "missed"


class Act(StrEnum):
    """What a moderator can do from an alert."""

    DELETE = "delete"
    TIMEOUT = "timeout"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell a person: a key of the translation table and what to fill in."""

    key: str
    values: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended; ``note`` says why it failed, for moderators."""

    status: Status
    note: Note | None = None


def failed(key: str, **values: str | float) -> Outcome:
    """Return the outcome of an action that a retry cannot mend."""
    return Outcome(Status.FAILED, Note(key, values))


@dataclass(frozen=True, slots=True)
class Case:
    """A decision on its way through enforcement, with the outcomes that are already known.

    A case that was read back from the journal has no words, and no text unless its alert is still
    to be sent.
    """

    decision: Decision
    outcomes: Mapping[Kind, Outcome] = field(default_factory=dict)

    @property
    def id(self) -> CaseId:
        """What identifies it."""
        return self.decision.post.id


@dataclass(frozen=True, slots=True)
class Verdict:
    """A moderator's judgement of a scored message, for the class it was about."""

    decision: Decision
    harm: str
    judgement: Judgement
    given_by: UserId
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """One act of a moderator, by whom and when."""

    act: Act
    by_id: UserId
    at: datetime
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """A journalled decision, without text, and what moderators said of it, if anything."""

    decision: Decision
    judgement: Judgement | None = None


@dataclass(slots=True)
class Taken:
    """What the journal knows already about some posts.

    ``known`` are those of their cases that are decided. ``kinds`` are the actions that were due
    before about a message, whatever it was edited to, by what they are about (``ids.about``).
    """

    known: set[CaseId] = field(default_factory=set)
    kinds: dict[CaseId, set[Kind]] = field(default_factory=dict)
