"""The classes that a message is scored for, in the order used by every table and file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

HARMS: Final = ("hate", "insult", "threat", "offensive")
"""Classes that have their own head and their own thresholds.

hate: an attack on people for what they are (race, religion, gender, orientation, disability ...).
insult: demeaning words aimed at a person or a group of people, profane or not.
threat: wishing, announcing or inciting harm to people.
offensive: profane or obscene language, aimed at anybody or anything.
"""

ALARMS: Final = ("hate", "insult", "threat")
"""Classes that moderators are alerted to by default. Friends swear, so offensive is not one."""

NEITHER: Final = "neither"
"""None of the others: 1 minus their highest probability. It has no head and no threshold."""

CLASSES: Final = (*HARMS, NEITHER)

Scores = Mapping[str, float]
"""Class to probability, 0 to 1."""


def neither(harms: Iterable[float]) -> float:
    """Return the probability of *neither*, 0 to 1, from the probabilities of the other classes."""
    return 1.0 - max(harms, default=0.0)
