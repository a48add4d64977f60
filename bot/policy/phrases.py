"""Phrases that a server considers harmless, taken out of a text before it is scored."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_PHRASE = 100
MOST_PHRASES = 200


class Phrases:
    """A set of phrases. Equal sets are equal values.

    A phrase matches as whole words, whatever its case and however its words are spaced. What
    remains of a text around it is scored as usual, so that a harmless phrase excuses nothing else.
    """

    def __init__(self, phrases: Iterable[str] = ()) -> None:
        self.all = tuple(sorted(set(phrases)))
        # The longest first: of two that begin alike the whole one is meant.
        parts = sorted((normal(phrase) for phrase in self.all), key=len, reverse=True)
        patterns = (r"\s+".join(map(re.escape, part.split())) for part in parts)
        self._pattern = (
            re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE) if parts else None
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrases) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    def without(self, text: str) -> str:
        """Return a text with every phrase taken out of it; the same text where there is none."""
        return text if self._pattern is None else self._pattern.sub(" ", text)


def normal(phrase: str) -> str:
    """Return a phrase in the one way it is kept: in lower case, words apart by one blank."""
    return " ".join(phrase.lower().split())
