"""Quotations: what decided is in them, and nothing in them is active."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy.phrases import Phrases, restored
from bot.ui.discord.alert import EXCERPT_LENGTH
from bot.ui.discord.quoting import around, harmless, visible


@pytest.mark.parametrize(
    ("text", "passage", "length", "shown"),
    [
        ("abcdef", None, 6, "abcdef"),
        ("abcdefg", None, 6, "abcdef…"),
        ("abcdef", (2, 4), 6, "ab**cd**ef"),
        ("abcdefghij", (4, 6), 6, "…cd**ef**gh…"),
        ("abcdefghij", (0, 2), 6, "**ab**cdef…"),
        ("abcdefghij", (8, 10), 6, "…efgh**ij**"),
        ("abcdefghij", (2, 9), 4, "abcd…"),
        ("ab cd ef", (2, 6), 8, "ab **cd** ef"),  # bold allows no spaces inside the asterisks
        ("ab    ef", (2, 6), 8, "ab ef"),
        ("a\n \n\n\nb\n\nc", None, 10, "a\nb\nc"),  # blank lines could fill a screen
        ("a\n\n\nb", (4, 5), 5, "a\n**b**"),
        ("a*b*c", (2, 3), 5, "a\\***b**\\*c"),
    ],
)
def test_the_decisive_passage_is_quoted_in_bold_with_its_surroundings(
    text: str, passage: tuple[int, int] | None, length: int, shown: str
) -> None:
    assert around(text, passage, length) == shown


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 80))
def test_a_quotation_holds_nothing_but_the_text(
    text: str, begin: int, width: int, length: int
) -> None:
    begin = min(begin, len(text))
    shown = around(text, (begin, min(begin + width, len(text))), length)

    def bare(quotation: str) -> str:
        return re.sub(r"\s|[*\\\u200b…]", "", quotation)

    assert bare(shown) in bare(visible(text))
    assert len(bare(shown)) <= length


def test_a_passage_is_found_again_where_harmless_phrases_were_left_out() -> None:
    phrases = Phrases(["quite long phrase", "x"])
    text = "a quite long phrase b x c x"
    kept, found = phrases.without(text), phrases.found(text)
    assert kept == "a   b   c  "
    for place, letter in enumerate(kept):
        if letter in "abc":
            assert text[restored(place, found)] == letter
    assert restored(len(kept), found) == len(text)


BLANK = "\u2800 \n"
"""A line that shows nothing, though its first character is no space to Python."""


@pytest.mark.parametrize(
    ("text", "passage", "words"),
    [
        ("hey there friend." + BLANK * 500 + "you stupid idiot", None, ("idiot",)),
        ("hey there friend" + " " * 1_500 + "you idiot", (4, 1_525), ("idiot",)),
        ("a" * 800 + " idiot " + "b" * 800, None, ("gone", "idiot")),
        ("a" * 800 + " idiot " + "b" * 800, (0, 1_607), ("idiot",)),
        ("\u202e" * 900 + "idiot", None, ("idiot",)),
    ],
)
def test_what_decided_is_quoted_however_a_text_is_stretched(
    text: str, passage: tuple[int, int] | None, words: tuple[str, ...]
) -> None:
    assert "idiot" in around(text, passage, EXCERPT_LENGTH, words)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \u200b b", "a b"),
        ("s\u200btu\u2060pid", "stupid"),
        ("a\u3164\u2028\u115fb", "a\nb"),
        ("\u202eabc\u202c", "abc"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),  # one emoji of two
    ],
)
def test_characters_that_show_nothing_are_left_out(text: str, shown: str) -> None:
    assert visible(text) == shown


PRINTED: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Format characters that show something: signs that span the numbers after them."""


def test_no_format_character_takes_room_in_a_quotation() -> None:
    for number in range(sys.maxunicode + 1):
        char = chr(number)
        hieroglyph = 0x13430 <= number <= 0x1345F  # these place the signs beside them
        if unicodedata.category(char) == "Cf" and char not in PRINTED and not hieroglyph:
            assert visible(f"a{char * 3}b") == "ab", f"U+{number:04X}"


@pytest.mark.parametrize(
    "hidden", ["\ufe0f" * 900, "\u200d\ufe0f" * 450, "\ufe0f\ufe0f\u200b" * 300]
)
def test_what_joins_emoji_takes_no_room_either(hidden: str) -> None:
    assert visible(f"a{hidden}b") == "ab"
    assert visible(f"a{hidden} \nb") == "a\nb"
    assert (
        visible("\u2764\ufe0f\u200d\U0001f525") == "\u2764\ufe0f\u200d\U0001f525"
    )  # a heart on fire


@given(st.text(alphabet="|[]()*_`~\\ab \n", max_size=40))
def test_no_quotation_ends_its_spoiler(text: str) -> None:
    """An even number of backslashes before a bar would leave it active."""
    for bars in re.finditer(r"(\\*)\|", harmless(text)):
        assert len(bars[1]) % 2 == 1
