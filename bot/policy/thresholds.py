"""Thresholds for each class and kind of action, and the decision they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import Decision, Kind, Post, Reason, Scores


class ThresholdError(ValueError):
    """A threshold outside 0 to 1, or a delete threshold below the alert threshold."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lowest score at which each action is taken, for one class. ``None`` is never.

    Raises ``ThresholdError`` for a value outside 0 to 1, and for a message that would be deleted
    although its score does not even reach the alert.
    """

    alert: float | None = None
    delete: float | None = None

    def __post_init__(self) -> None:
        for kind in Kind:
            value = self.of(kind)
            if value is not None and not 0 <= value <= 1:
                raise ThresholdError(f"{kind} is {value:g}; a threshold lies between 0 and 1.")
        if self.delete is not None and self.alert is not None and self.delete < self.alert:
            raise ThresholdError(
                f"delete ({self.delete:g}) is below alert ({self.alert:g}): messages would be "
                "deleted that are not worth an alert. Raise delete, or lower alert first."
            )

    def of(self, kind: Kind) -> float | None:
        """Return the threshold for ``kind``, ``None`` for never."""
        return self.delete if kind is Kind.DELETE else self.alert

    def changed(self, kind: Kind, value: float | None) -> Thresholds:
        """Return these thresholds with one of them replaced; raises ``ThresholdError``."""
        if kind is Kind.DELETE:
            return Thresholds(alert=self.alert, delete=value)
        return Thresholds(alert=value, delete=self.delete)


@dataclass(frozen=True, slots=True)
class Policy:
    """What one server wants done, by class, and where it wants to be told."""

    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)
    alert_channel_id: int | None = None


def decide(policy: Policy, post: Post, scores: Scores, model: str) -> Decision:
    """Decide one post: for each kind, the class that exceeds its threshold by most, if any.

    A deletion always brings an alert with it, even where alerts for that class are off: nothing
    disappears without a moderator being told.
    """
    reasons = {kind: _strongest(policy, scores, kind) for kind in Kind}
    delete = reasons[Kind.DELETE]
    if delete is not None and reasons[Kind.ALERT] is None:
        reasons[Kind.ALERT] = Reason(Kind.ALERT, delete.harm, delete.score, delete.threshold)
    due = tuple(reason for reason in reasons.values() if reason is not None)
    return Decision(post, scores, model, due)


def _strongest(policy: Policy, scores: Scores, kind: Kind) -> Reason | None:
    strongest: Reason | None = None
    for harm, thresholds in policy.thresholds.items():
        threshold, score = thresholds.of(kind), scores[harm]
        if threshold is None or score < threshold:
            continue
        if strongest is None or score - threshold > strongest.score - strongest.threshold:
            strongest = Reason(kind, harm, score, threshold)
    return strongest
