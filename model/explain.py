"""Where in the original text each token of the normalised one comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from model.normalise import MAX_CHARACTERS

_WORD = re.compile(r"\S+")

MOST_COMPARED: Final = 40_000

Span = tuple[int, int]


def locate(read: Callable[[str], list[int]], text: str, tokens: list[int]) -> list[Span]:
    """Return for each token the half-open span of ``text`` it was read from.

    ``read`` gives a text's tokens, and ``tokens`` are those of ``text``. Each blank-separated word
    is read alone; where that gives the tokens of the whole text,
    as nearly always, they match one to one. Where words were joined (letters spelt out with
    blanks), a token's span covers all of them.
    """
    spans: list[Span] = []
    alone: list[int] = []
    for word in _WORD.finditer(text[:MAX_CHARACTERS]):
        found = read(word.group())
        alone += found
        spans += [word.span()] * len(found)
    if alone[: len(tokens)] == tokens:
        return spans[: len(tokens)]
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(alone, tokens, strict=False))
    )
    out = spans[:same]
    alone, tokens, spans = alone[same:], tokens[same:], spans[same:]
    if len(alone) * len(tokens) > MOST_COMPARED:
        # Comparing takes more than the square of the length where words repeat, and whoever
        # writes such a text chooses its length: it is pointed to as a whole.
        whole = (spans[0][0], spans[-1][1]) if spans else (0, len(text))
        return out + [whole] * len(tokens)
    matcher = SequenceMatcher(a=alone, b=tokens, autojunk=False)
    for kind, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        if kind == "equal":
            out += spans[a_start:a_end]
        elif a_start < a_end:
            out += [(spans[a_start][0], spans[a_end - 1][1])] * (b_end - b_start)
        else:
            out += [spans[a_start - 1] if a_start else (0, len(text))] * (b_end - b_start)
    return out
