"""The values that travel from intake to enforcement: frozen, imported by all, importing none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Scores = Mapping[str, float]
"""Class name to probability, 0 to 1."""


class Kind(StrEnum):
    """What can be done about a message. A threshold is set for a class and a kind."""

    ALERT = "alert"
    DELETE = "delete"


class Status(StrEnum):
    """How a journalled action stands."""

    PENDING = "pending"
    DONE = "done"
    OBSERVED = "observed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Post:
    """One revision of one message, whatever way it reached the bot.

    ``revision`` is 0 for a message as it was posted, and its time in microseconds for an edit.
    ``text`` is cleaned (no NUL, no lone surrogate) and lives in memory only; it is left out of
    ``repr`` so that no log line can carry it.
    """

    message_id: int
    guild_id: int
    channel_id: int
    author_id: int
    created_at: datetime
    text: str = field(repr=False)
    author_name: str = field(repr=False, default="")
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is due: the class whose score reached the threshold of that kind."""

    kind: Kind
    harm: str
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A post, its scores, and at most one reason for each kind of action that is due."""

    post: Post
    scores: Scores
    model: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended; ``detail`` says why it failed, in words for moderators."""

    status: Status
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A decision on its way through enforcement, with the outcomes that are already known.

    A case read back from the journal has a post without text: the text was never on disk.
    """

    decision: Decision
    outcomes: Mapping[Kind, Outcome] = field(default_factory=dict)
