"""Find the word behind a disguise: letters replaced by stars, or an i written for an l.

A look-up takes time proportional to the length of the word, however many hidden words there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

STARS = "*#"

_NO_STARS = str.maketrans("", "", STARS)


class StarredWords:
    """Finds the most likely word behind stars, where each star replaces one letter.

    ``by_length`` has the hidden words of each length, the most likely first.

    Words of the same length are numbered in that order. For every letter at every position, a
    bit set (one integer) holds the words that have the letter there. The intersection of the sets
    of all visible letters holds the words that fit, and its lowest bit is the most likely one.
    """

    def __init__(self, by_length: Mapping[int, Sequence[str]]) -> None:
        self._words = by_length
        self._having: dict[tuple[int, int, str], int] = {}
        for length, words in by_length.items():
            for rank, word in enumerate(words):
                for place, letter in enumerate(word):
                    key = length, place, letter
                    self._having[key] = self._having.get(key, 0) | 1 << rank

    def likeliest(self, starred: str) -> str | None:
        """Return the most likely hidden word that fits, or ``None`` if none does."""
        length = len(starred)
        words = self._words.get(length)
        if words is None:
            return None
        fitting = (1 << len(words)) - 1
        for place, letter in enumerate(starred):
            if letter not in STARS:
                fitting &= self._having.get((length, place, letter), 0)
                if not fitting:
                    return None
        return words[(fitting & -fitting).bit_length() - 1]


def without_stars(word: str) -> str:
    """Return a word without its stars."""
    return word.translate(_NO_STARS)


def skeleton(word: str) -> str:
    """Return ``word`` with every l replaced by i. Words that differ only in these share it."""
    return word.replace("l", "i")


def by_skeleton(words: Iterable[str]) -> dict[str, str]:
    """Return the words by their ``skeleton``. If several share one, the first alphabetically wins."""
    return {skeleton(word): word for word in sorted(words, reverse=True)}
