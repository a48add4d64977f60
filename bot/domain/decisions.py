"""Decisions: what to do about a post, and why."""

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
    """A kind of action. Each class has its own threshold for each kind."""

    ALERT = "alert"
    DELETE = "delete"
    TIMEOUT = "timeout"


class Mode(StrEnum):
    """Whether a server's actions are carried out or only shown in alerts."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is due: the class whose score reached its threshold.

    ``scope_id`` is the channel, forum or category whose rule applied, ``NOWHERE`` for a rule of the
    server. ``minutes`` is the length of a time-out.
    """

    kind: Kind
    harm: str
    score: float
    threshold: float
    scope_id: ChannelId = NOWHERE
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A post, its scores, and a reason for each kind of action that is due.

    An ``exempt`` post has no reasons, whatever it scored. ``mode`` is the server's mode at the time
    of the decision. ``words`` added most to the score of the lead reason, highest first. Like the
    post's text, they are kept in memory only. ``passage`` is the half-open range of the text that
    decided, or ``None`` if the text as a whole did.
    """

    post: Post
    scores: Scores
    model: str
    reasons: tuple[Reason, ...] = ()
    exempt: bool = False
    mode: Mode = Mode.OBSERVE
    words: tuple[str, ...] = field(default=(), repr=False)
    passage: tuple[int, int] | None = None

    @property
    def lead(self) -> Reason | None:
        """The reason for the most severe action, or ``None`` if nothing is due."""
        by_kind = {reason.kind: reason for reason in self.reasons}
        gravest = (Kind.TIMEOUT, Kind.DELETE, Kind.ALERT)
        return next((by_kind[kind] for kind in gravest if kind in by_kind), None)

    def reason_for(self, kind: Kind) -> Reason | None:
        """Return why an action of this kind is due, or ``None`` if it is not."""
        return next((reason for reason in self.reasons if reason.kind is kind), None)


def time_out_end(post: Post, reason: Reason) -> datetime:
    """Return when a time-out ends. It starts with the message, so retries do not extend it."""
    return post.at + timedelta(minutes=reason.minutes)
