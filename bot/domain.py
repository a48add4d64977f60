"""The values that travel from intake to enforcement: frozen, imported by all, importing none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

Scores = Mapping[str, float]
"""Class name to probability, 0 to 1."""


class Kind(StrEnum):
    """What can be done about a message. A threshold is set for a class and a kind."""

    ALERT = "alert"
    DELETE = "delete"
    TIMEOUT = "timeout"


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


class Surface(StrEnum):
    """Where a text stands. Titles and nicknames can only be told of."""

    MESSAGE = "message"
    TITLE = "title"
    NICKNAME = "nickname"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be told to a person: a key of the translation table and what to fill in."""

    key: str
    values: Mapping[str, str | float] = field(default_factory=dict)


FIRST_EDIT: Final = 10**15
"""Microseconds since 1970, in 2001: every edit's time is above, every fingerprint below."""


@dataclass(frozen=True, slots=True)
class Post:
    """One revision of one message, whatever way it reached the bot.

    ``revision`` is 0 for a message as it was posted, its time in microseconds for an edit, and less
    than ``FIRST_EDIT`` or negative where there is no time and the text itself identifies it.
    ``text`` is cleaned (no NUL, no lone surrogate) and lives in memory only; it is left out of
    ``repr`` so that no log line can carry it. ``parent_id`` is the channel or forum of a thread,
    ``category_id`` the category above; 0 is none. ``moderator`` says whether the author may
    moderate the whole server, ``webhook`` that there is no person behind the id.
    """

    message_id: int
    guild_id: int
    channel_id: int
    author_id: int
    created_at: datetime
    text: str = field(repr=False)
    author_name: str = field(repr=False, default="")
    revision: int = 0
    parent_id: int = 0
    category_id: int = 0
    role_ids: tuple[int, ...] = ()
    moderator: bool = False
    webhook: bool = False
    surface: Surface = Surface.MESSAGE

    @property
    def at(self) -> datetime:
        """When this revision was written."""
        if self.revision < FIRST_EDIT:
            return self.created_at
        return datetime.fromtimestamp(self.revision / 1_000_000, UTC)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is due: the class whose score reached the threshold of that kind.

    ``scope_id`` is the channel, forum or category whose rule it was, 0 for the server's own.
    ``minutes`` is how long a time-out lasts.
    """

    kind: Kind
    harm: str
    score: float
    threshold: float
    scope_id: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A post, its scores, and at most one reason for each kind of action that is due.

    ``exempt`` says that the rules do not apply to this post, whatever it scored.
    """

    post: Post
    scores: Scores
    model: str
    reasons: tuple[Reason, ...] = ()
    exempt: bool = False

    @property
    def lead(self) -> Reason | None:
        """The reason for the gravest action, ``None`` where nothing is due."""
        by_kind = {reason.kind: reason for reason in self.reasons}
        gravest = (Kind.TIMEOUT, Kind.DELETE, Kind.ALERT)
        return next((by_kind[kind] for kind in gravest if kind in by_kind), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended; ``note`` says why it failed, for moderators."""

    status: Status
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A decision on its way through enforcement, with the outcomes that are already known.

    ``words`` are the words that weighed most for the lead reason, heaviest first. They and the
    post's text live in memory only: a case read back from the journal has neither.
    """

    decision: Decision
    outcomes: Mapping[Kind, Outcome] = field(default_factory=dict)
    words: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A moderator's judgement of a scored message, for the class it was about."""

    decision: Decision
    harm: str
    judgement: Judgement
    given_by: int
    given_at: datetime
