"""The classes a message is scored for, in the order every table and file uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

HARMS: Final = ("hate", "insult", "threat", "offensive")
"""Classes that have a head of their own, and that thresholds can be set for.

hate: an attack on people for what they are (race, religion, gender, orientation, disability ...).
insult: demeaning words aimed at a person or a group of persons, profane or not.
threat: a wish, an announcement or an incitement of harm to people.
offensive: profane or obscene language, whoever it is aimed at, friend or printer.
"""

ALARMS: Final = ("hate", "insult", "threat")
"""What moderators are alerted to by default; offensive is profanity among friends too."""

NEITHER: Final = "neither"
"""What remains: 1 minus the highest of the others. It has no head and no threshold."""

CLASSES: Final = (*HARMS, NEITHER)

Scores = Mapping[str, float]
"""Class to probability, 0 to 1."""


def neither(harms: Iterable[float]) -> float:
    """Return the probability of none, from the probabilities of some classes, 0 to 1."""
    return 1.0 - max(harms, default=0.0)
