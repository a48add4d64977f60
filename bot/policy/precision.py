"""How often the bot was right, from moderators' verdicts, and the threshold that would make it so.

Verdicts never reach the classifier: Discord forbids training on members' messages. They only move
thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain import Judgement, Verdict

FEWEST: Final = 20
"""With fewer verdicts the 95 % interval of a precision is wider than 30 points."""

Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class Precision:
    """Of ``judged`` messages at or above ``threshold`` so many were rightly acted on.

    ``low`` and ``high`` are the 95 % Wilson score interval (E. B. Wilson, 1927).
    """

    threshold: float
    judged: int
    right: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The precision itself, 0 to 1."""
        return self.right / self.judged


def wilson(right: int, judged: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's score method; ``judged`` is positive."""
    share = right / judged
    spread = Z * math.sqrt(share * (1 - share) / judged + Z * Z / (4 * judged * judged))
    centre = share + Z * Z / (2 * judged)
    scale = 1 + Z * Z / judged
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def precision_at(
    verdicts: Sequence[Verdict], harm: str, threshold: float = 0.0
) -> Precision | None:
    """Return how often verdicts on a class call it right, at or above a score.

    ``None`` where nobody has judged any. A missed message counts as right: the bot would have been.
    """
    judged = [
        verdict
        for verdict in verdicts
        if verdict.harm == harm and verdict.decision.scores.get(harm, -1.0) >= threshold
    ]
    if not judged:
        return None
    right = sum(verdict.judgement is not Judgement.FALSE_POSITIVE for verdict in judged)
    return Precision(threshold, len(judged), right, *wilson(right, len(judged)))


def suggest(verdicts: Sequence[Verdict], harm: str, wished: float) -> Precision | None:
    """Return the lowest score from which verdicts on a class are right as often as wished.

    ``None`` where no score is, or where fewer than ``FEWEST`` verdicts stand at or above it. Only
    what was alerted has been judged, so no score below the lowest false positive or right call is
    ever suggested; what was reported as missed may lie below and says nothing about its neighbours.
    """
    alerted = [
        verdict.decision.scores[harm]
        for verdict in verdicts
        if verdict.harm == harm
        and harm in verdict.decision.scores
        and verdict.judgement is not Judgement.MISSED
    ]
    # As thresholds are written, with two decimals, and never below the score itself.
    for threshold in sorted({math.ceil(score * 100) / 100 for score in alerted}):
        found = precision_at(verdicts, harm, threshold)
        if found is None or found.judged < FEWEST:
            return None
        if found.share >= wished:
            return found
    return None
