"""How often the bot was right, according to verdicts, and which threshold would be right more often.

Verdicts are never used for training, because Discord forbids training on members' messages. They
only help to choose thresholds.
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
    """How many of the ``judged`` messages at or above a threshold were right calls.

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
    """Return the 95 % Wilson score interval of ``right / judged``; ``judged`` is at least 1."""
    share = right / judged
    spread = Z * math.sqrt(share * (1 - share) / judged + Z * Z / (4 * judged * judged))
    centre = share + Z * Z / (2 * judged)
    scale = 1 + Z * Z / judged
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def precision_at(
    verdicts: Sequence[Verdict], harm: str, threshold: float = 0.0
) -> Precision | None:
    """Return how often the bot was right about a class, at or above a score.

    Returns ``None`` if there are no verdicts. A missed message counts as right, because acting on
    it would have been.
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
    """Return the lowest threshold at which the share of right verdicts is at least ``wished``.

    Returns ``None`` if there is none with at least ``FEWEST`` verdicts at or above it. Only alerted
    messages have verdicts, so nothing below the lowest of them is suggested. A message reported as
    missed can score lower, but says nothing about other messages with such a score.
    """
    alerted = [
        verdict.decision.scores[harm]
        for verdict in verdicts
        if verdict.harm == harm
        and harm in verdict.decision.scores
        and verdict.judgement is not Judgement.MISSED
    ]
    # With two decimals, as thresholds are written, and rounded up so that none is below the score.
    for threshold in sorted({math.ceil(score * 100) / 100 for score in alerted}):
        found = precision_at(verdicts, harm, threshold)
        if found is None or found.judged < FEWEST:
            return None
        if found.share >= wished:
            return found
    return None
