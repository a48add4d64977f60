"""Hidden words by their letters: finds the word that stars, or an i for an l, stand for.

A word is looked up in time that depends on its own length, never on how many words are hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

STARS = "*#"

_NO_STARS = str.maketrans("", "", STARS)


class StarredWords:
    """Finds the likeliest word behind stars, each of which stands for one letter.

    Words of equal length are numbered by their likelihood. For every letter at every place there
    is a set of the words that have it there, kept as the bits of one integer. The words that agree
    with all visible letters are the intersection of these sets, and the likeliest is its lowest
    bit.

    ``by_length`` has the hidden words of each length, the likeliest first.
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
        """Return the likeliest hidden word that fits, or ``None`` where no word does."""
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


def upright(word: str) -> str:
    """Return a word with an i for every l: what two words share that differ in nothing else."""
    return word.replace("l", "i")


def by_upright(words: Iterable[str]) -> dict[str, str]:
    """Return the words by what ``upright`` gives; of several, the first of the alphabet."""
    return {upright(word): word for word in sorted(words, reverse=True)}
