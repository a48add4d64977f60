"""Phrases that a server considers harmless, taken out of a text before it is scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

LONGEST_PHRASE = 100
MOST_PHRASES = 200

_PART: Final = re.compile(r"\w+|\s+|[^\w\s]")
"""A text falls into words, blanks and single signs, and nothing is left over."""

_BEFORE_WORD: Final = "w"
"""Added to a sign that a word follows at once, as in "#1". No part of a text looks like that."""

# Small letters that share a capital are equal where case does not count, as to `re.IGNORECASE`.
_SAME_CAPITAL: Final = str.maketrans(
    "ıſµϐϵϑϰϖϱςϕᲀᲁᲂᲃᲄᲅᲆᲇᲈẛ\u1fbe\u1fd3\u1fe3ﬅ",
    "isμβεθκπρσφвдосттъѣꙋṡι\u0390\u03b0ﬆ",  # noqa: RUF001
)


Span = tuple[int, int]


class Phrases:
    """A set of phrases. Equal sets are equal values.

    A phrase matches as whole words, whatever its case and however its words are spaced. Of two
    phrases that begin alike the longer one is meant. What remains of a text around a phrase is
    scored as usual, so that a harmless phrase excuses nothing else.

    The time for a text grows with its length alone, not with the number of phrases or what they
    say. The first text after a change of the phrases pays for their automaton as well: time that
    grows with their length together, at most 20,000 characters.
    """

    def __init__(self, phrases: Iterable[str] = ()) -> None:
        self.all = tuple(sorted(set(phrases)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrases) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    @cached_property
    def _automaton(self) -> _Automaton:
        return _Automaton(normal(phrase) for phrase in self.all)

    def without(self, text: str) -> str:
        """Return a text with one blank for every phrase; the same text where there is none."""
        kept, start = [], 0
        for begin, end in self.found(text):
            kept += [text[start:begin], " "]
            start = end
        return "".join([*kept, text[start:]]) if kept else text

    def found(self, text: str) -> list[Span]:
        """Return where the phrases are in a text, as half-open ranges in order."""
        if not self.all:
            return []
        automaton = self._automaton
        parts = _PART.findall(folded(text))
        if automaton.first_parts.isdisjoint(parts):
            return []
        lengths = automaton.longest(parts)
        spans: list[Span] = []
        start = skip_to = 0
        for place, part in enumerate(parts):
            end = start + len(part)
            if place >= skip_to:
                skip_to = place + lengths[place]
                if lengths[place]:
                    spans.append((start, end))
            elif spans:
                spans[-1] = (spans[-1][0], end)
            start = end
        return spans


def restored(place: int, phrases: Sequence[Span]) -> int:
    """Return where a character of ``Phrases.without(text)`` is in ``text``.

    ``phrases`` is what ``Phrases.found(text)`` returned. Of a blank that replaced a phrase, it is
    the phrase's beginning.
    """
    gained = 0
    for begin, end in phrases:
        if place + gained <= begin:
            break
        gained += end - begin - 1
    return place + gained


class _Automaton:
    """Finds the longest phrase that begins at each part of a text, in one pass.

    This is the automaton of Aho and Corasick (1975), with phrases and texts read backwards: where
    a phrase is complete, it begins. Each part of a text makes its state one part longer and may
    make it shorter before. Nothing gets shorter more often than it got longer, so the number of
    steps is at most twice that of the parts.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self.first_parts: set[str] = set()
        # A state is the end of a phrase, as far as it has been read backwards. State 0 is empty.
        self._longer: list[dict[str, int]] = [{}]
        self._shorter = [0]
        self._complete = [0]
        for phrase in phrases:
            self._add(_PART.findall(folded(phrase)))
        self._link()

    def _add(self, parts: Sequence[str]) -> None:
        state = 0
        for part in reversed(_in_context(parts)):
            longer = self._longer[state].setdefault(part, len(self._longer))
            if longer == len(self._longer):
                self._longer.append({})
                self._shorter.append(0)
                self._complete.append(0)
            state = longer
        self._complete[state] = len(parts)
        self.first_parts.update(parts[:1])

    def _link(self) -> None:
        """Find for each state the longest shorter one that a text in it is in as well."""
        queue = [*self._longer[0].values()]
        for state in queue:
            # Of the phrases that are complete, the longest counts.
            self._complete[state] = self._complete[state] or self._complete[self._shorter[state]]
            for part, longer in self._longer[state].items():
                self._shorter[longer] = self._after(self._shorter[state], part)
                queue.append(longer)

    def _after(self, state: int, part: str) -> int:
        while state and part not in self._longer[state]:
            state = self._shorter[state]
        return self._longer[state].get(part, 0)

    def longest(self, parts: Sequence[str]) -> list[int]:
        """Return for each part how many parts the longest phrase has that begins there, or 0."""
        found = [0] * len(parts)
        state = 0
        for place, part in zip(
            range(len(parts) - 1, -1, -1), reversed(_in_context(parts)), strict=True
        ):
            state = self._after(state, part)
            # No phrase begins with a sign at the end of a word: "c" and "++" are one.
            if self._complete[state] and not (place and _is_word(parts[place - 1])):
                found[place] = self._complete[state]
        return found


def _in_context(parts: Sequence[str]) -> list[str]:
    """Return parts as they are compared: blanks of one width, signs by whether a word follows.

    A phrase that ends in a sign does not match where a word follows at once.
    """
    compared = []
    word_follows = False
    for part in reversed(parts):
        if _is_word(part):
            word_follows = True
            compared.append(part)
            continue
        if part.isspace():
            compared.append(" ")
        else:
            compared.append(part + _BEFORE_WORD if word_follows else part)
        word_follows = False
    return compared[::-1]


def _is_word(part: str) -> bool:
    return part[0].isalnum() or part[0] == "_"


def folded(text: str) -> str:
    """Return a text of the same length in which case does not count."""
    if text.isascii():
        return text.lower()
    # The only letter that is longer in lower case.
    return text.replace("İ", "i").lower().translate(_SAME_CAPITAL)


def normal(phrase: str) -> str:
    """Return a phrase in the one way it is kept: in lower case, words apart by one blank."""
    return " ".join(phrase.lower().split())
