"""An example of what a server's own thresholds alert on, for a test alert."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Kind, Reason, Scores
from bot.policy.rules import Policy

HARMLESS = 0.02


def example(policy: Policy, preferred: Sequence[str]) -> tuple[Scores, Reason] | None:
    """Return made-up scores and the reason for the alert that they lead to.

    The first class that has a threshold is the example, in the order of ``preferred``. Its score is
    halfway between the threshold and 1, and every other class stays below its own thresholds.
    Returns ``None`` if every threshold is off.
    """
    table = policy.table()
    chosen = next(
        (
            (harm, kind)
            for kind in Kind
            for harm in preferred
            if (harm, kind) in table and table[harm, kind].threshold is not None
        ),
        None,
    )
    threshold = table[chosen].threshold if chosen else None
    if chosen is None or threshold is None:
        return None
    harm, rule = chosen[0], table[chosen]
    score = (threshold + 1) / 2
    scores = {
        each: score
        if each == harm
        else min(
            (
                HARMLESS,
                *(limit / 2 for kind in Kind if (limit := table[each, kind].threshold) is not None),
            )
        )
        for each in policy.defaults
    }
    return scores, Reason(Kind.ALERT, harm, score, threshold, rule.scope_id)
