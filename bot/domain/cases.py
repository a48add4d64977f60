"""A decision on its way through enforcement, and the moderators' verdicts and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.decisions import Decision, Kind
from bot.domain.ids import CaseId, UserId


class Status(StrEnum):
    """The state of a journalled action."""

    PENDING = "pending"
    DONE = "done"
    OBSERVED = "observed"
    FAILED = "failed"


class Judgement(StrEnum):
    """A moderator's opinion of what the bot did, or failed to do, about a message."""

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
    """A text for a person: a key of the translation table and the values to fill in."""

    key: str
    values: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an action. If it failed, ``note`` tells moderators why."""

    status: Status
    note: Note | None = None


def failed(key: str, **values: str | float) -> Outcome:
    """Return the outcome of an action that failed for good."""
    return Outcome(Status.FAILED, Note(key, values))


@dataclass(frozen=True, slots=True)
class Case:
    """A decision on its way through enforcement, with the outcomes known so far.

    A case that was read from the journal has no words. It has text only if its alert has not been
    sent yet.
    """

    decision: Decision
    outcomes: Mapping[Kind, Outcome] = field(default_factory=dict)

    @property
    def id(self) -> CaseId:
        """The identity of the case."""
        return self.decision.post.id


@dataclass(frozen=True, slots=True)
class Verdict:
    """A moderator's judgement of a scored message, for one class."""

    decision: Decision
    harm: str
    judgement: Judgement
    given_by: UserId
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a moderator did, with who did it and when."""

    act: Act
    by_id: UserId
    at: datetime
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """A journalled decision, without text, and the moderators' judgement if there is one."""

    decision: Decision
    judgement: Judgement | None = None


@dataclass(slots=True)
class Taken:
    """What the journal already has about some posts.

    ``known`` has their cases that are already decided. ``kinds`` has the actions that were due for
    earlier revisions of the same messages, by subject (``ids.about``).
    """

    known: set[CaseId] = field(default_factory=set)
    kinds: dict[CaseId, set[Kind]] = field(default_factory=dict)
