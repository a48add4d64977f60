"""Harmless phrases of a server, which are removed from a text before it is scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

LONGEST_PHRASE = 100
MOST_PHRASES = 200

_PART: Final = re.compile(r"\w+|\s+|[^\w\s]")
"""Splits a whole text into words, blanks and single signs."""

_BEFORE_WORD: Final = "w"
"""Added to a sign directly before a word, as in "#1". No part of a text looks like that."""

# Small letters with the same capital are equal if case is ignored, as in `re.IGNORECASE`.
_SAME_CAPITAL: Final = str.maketrans(
    "ıſµϐϵϑϰϖϱςϕᲀᲁᲂᲃᲄᲅᲆᲇᲈẛ\u1fbe\u1fd3\u1fe3ﬅ",
    "isμβεθκπρσφвдосттъѣꙋṡι\u0390\u03b0ﬆ",  # noqa: RUF001
)


Span = tuple[int, int]


class Phrases:
    """A set of phrases. Equal sets are equal values.

    A phrase matches whole words, in any case and with any spacing. If two phrases begin at the same
    word, the longer one matches. The rest of the text is scored as usual, so that a harmless phrase
    excuses nothing else.

    The time for a text depends only on its length, not on the number or content of the phrases. The
    first text after a change also builds the automaton, which takes time in proportion to the length
    of all phrases, at most 20,000 characters.
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
        """Return the text with a blank in place of each phrase."""
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

    ``phrases`` is what ``Phrases.found(text)`` returned. For a blank that replaced a phrase, the
    beginning of the phrase is returned.
    """
    gained = 0
    for begin, end in phrases:
        if place + gained <= begin:
            break
        gained += end - begin - 1
    return place + gained


class _Automaton:
    """Finds the longest phrase that begins at each part of a text, in one pass.

    This is the automaton of Aho and Corasick (1975), but phrases and texts are read backwards, so
    that a phrase is complete where it begins. Each part of a text first shortens the state any
    number of times, then lengthens it by one part. A state cannot shorten more often than it was
    lengthened, so the steps are at most twice as many as the parts.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self.first_parts: set[str] = set()
        # A state stands for the part of a phrase that has been read, backwards. State 0 is empty.
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
        """Link each state to the longest other state that it ends with."""
        queue = [*self._longer[0].values()]
        for state in queue:
            # If several phrases are complete, the longest one counts.
            self._complete[state] = self._complete[state] or self._complete[self._shorter[state]]
            for part, longer in self._longer[state].items():
                self._shorter[longer] = self._after(self._shorter[state], part)
                queue.append(longer)

    def _after(self, state: int, part: str) -> int:
        while state and part not in self._longer[state]:
            state = self._shorter[state]
        return self._longer[state].get(part, 0)

    def longest(self, parts: Sequence[str]) -> list[int]:
        """Return for each part the length in parts of the longest phrase that begins there, or 0."""
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
    """Return the parts as they are compared: single blanks, and signs marked if a word follows.

    A phrase that ends in a sign does not match directly before a word.
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
    """Return the text in lower case, with the same length."""
    if text.isascii():
        return text.lower()
    # The only letter that is longer in lower case.
    return text.replace("İ", "i").lower().translate(_SAME_CAPITAL)


def normal(phrase: str) -> str:
    """Return a phrase as it is stored: in lower case, with single blanks between words."""
    return " ".join(phrase.lower().split())
