"""What is to be done about a post, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.ids import ChannelId
from bot.domain.posts import NOWHERE, Post

Scores = Mapping[str, float]
"""Class name to probability, 0 to 1."""


class Kind(StrEnum):
    """What can be done about a message. A threshold is set for a class and a kind."""

    ALERT = "alert"
    DELETE = "delete"
    TIMEOUT = "timeout"


class Mode(StrEnum):
    """Whether a server only wants to be told what would be done, or has it done."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is due: the class whose score reached the threshold of that kind.

    ``scope_id`` is the channel, forum or category whose rule it was, ``NOWHERE`` for the server's
    own. ``minutes`` is how long a time-out lasts.
    """

    kind: Kind
    harm: str
    score: float
    threshold: float
    scope_id: ChannelId = NOWHERE
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A post, its scores, and at most one reason for each kind of action that is due.

    ``exempt`` says that the rules do not apply to this post, whatever it scored. ``mode`` is the
    one that held when it was decided. ``words`` are those that weighed most for the lead reason,
    heaviest first; they live in memory only, as the post's text does.
    """

    post: Post
    scores: Scores
    model: str
    reasons: tuple[Reason, ...] = ()
    exempt: bool = False
    mode: Mode = Mode.OBSERVE
    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def lead(self) -> Reason | None:
        """The reason for the gravest action, ``None`` where nothing is due."""
        by_kind = {reason.kind: reason for reason in self.reasons}
        gravest = (Kind.TIMEOUT, Kind.DELETE, Kind.ALERT)
        return next((by_kind[kind] for kind in gravest if kind in by_kind), None)

    def reason_for(self, kind: Kind) -> Reason | None:
        """Return why an action is due, ``None`` where it is not."""
        return next((reason for reason in self.reasons if reason.kind is kind), None)


def time_out_end(post: Post, reason: Reason) -> datetime:
    """Return when a time-out ends: it counts from the message, so that no retry lengthens it."""
    return post.at + timedelta(minutes=reason.minutes)
