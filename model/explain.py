"""Map the tokens of a normalised text back to the original text."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from model.normalise import MAX_CHARACTERS

_WORD = re.compile(r"\S+")

MAX_COMPARISONS: Final = 40_000
"""Pairs of tokens that are compared at most."""

Span = tuple[int, int]


def token_spans(read: Callable[[str], list[int]], text: str, tokens: list[int]) -> list[Span]:
    """Return, for each token, the half-open span of ``text`` that it came from.

    ``read`` tokenises a text, and ``tokens`` are the tokens of ``text``. Each word is tokenised by
    itself. Nearly always this gives the same tokens as the whole text, and they match one to one.
    If words were joined ("i d i o t"), a token's span covers all of them.
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
    if len(alone) * len(tokens) > MAX_COMPARISONS:
        # With repeated words the comparison takes more than quadratic time, and an attacker
        # chooses the length. Every token gets the whole rest of the text as its span.
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
