from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.policy.phrases import MOST_PHRASES, Phrases, _Automaton, folded, normal

COMBINING_IOTA = "\u0345"
"""To `re` a small iota is the same letter. It is a mark on another one, and no word begins with it."""


@pytest.mark.parametrize(
    ("phrases", "text", "left"),
    [
        # Whole words only.
        (["ass"], "a class act", "a class act"),
        (["ass"], "ass", " "),
        (["ass"], "ass-hat, (ass)", " -hat, ( )"),
        (["ass"], "ass_hat ass1 1ass", "ass_hat ass1 1ass"),
        (["a.b"], "axb a.b a.bc", "axb   a.bc"),
        # Whatever the case.
        (["straße"], "STRASSE Straße", "STRASSE  "),
        (["νόμος"], "ΝΌΜΟΣ νόμοσ", "   "),
        (["is"], "IS İſ ıs", "     "),
        # However the words are spaced.
        (["kill it"], "kill\n\t it kill\u00a0it killit", "    killit"),
        (["kill it"], "kill it with fire and kill items", "  with fire and kill items"),
        (["  Kill   IT "], "kill it", " "),
        # Signs at the ends of a phrase have words beside them as little as words do.
        (["c++"], "c++ c+++ c++x xc++", "   + c++x xc++"),
        (["c++"], "c++!", " !"),
        (["#1"], "#1 a#1 ##1 #12", "  a#1 #  #12"),
        (["+"], "a+ + ++ +a", "a+      +a"),
        (["a-b"], "a-b a-bc a -b", "  a-bc a -b"),
        (["!"], "a !b ! b", "a !b   b"),
        # The longest of those that begin alike, the first of those that overlap.
        (["no", "no way", "no way out"], "no way out of no way, no", "  of  ,  "),
        (["no way out", "no"], "no way home", "  way home"),
        (["a b c", "b"], "a b d", "a   d"),
        (["a b", "b c d"], "a b c d", "  c d"),
        (["a b", "b c"], "a a b c", "a   c"),
        (["b c", "a b c d"], "a b c e", "a   e"),
        (["c", "b c x", "a b c y"], "a b c z", "a b   z"),
        # Nothing to take out.
        ([], "Any  Text", "Any  Text"),
        ([""], "Any  Text", "Any  Text"),
        (["x"], "", ""),
    ],
)
def test_phrases_are_taken_out(phrases: list[str], text: str, left: str) -> None:
    assert Phrases(phrases).without(text) == left


def test_a_text_without_phrases_is_returned_as_it_is() -> None:
    text = "some text"
    assert Phrases().without(text) is text
    assert Phrases(["other"]).without(text) is text


def by_pattern(phrases: Iterable[str], text: str) -> str:
    """Say the same as one regular expression, which takes the square of the time and more."""
    parts = sorted((normal(phrase) for phrase in sorted(set(phrases))), key=len, reverse=True)
    patterns = (r"\s+".join(map(re.escape, part.split())) for part in parts)
    pattern = rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)"
    return re.sub(pattern, " ", text, flags=re.IGNORECASE)


few = st.text("aAb_1+# \n", max_size=25)
many = st.text(
    st.sampled_from("abAB  +#_1İıſsSςσΣµμΜßẞ\u0301\u00a0ﬅﬆᲀв") | st.characters(), max_size=25
)
texts = few | many


@given(st.lists(texts.filter(str.strip), min_size=1, max_size=6), texts)
@example(["a", "a a", "a a b"], "a a a b")
@example(["+ a", "a +"], "a + a+ +a")
def test_the_same_is_taken_out_as_by_a_pattern(phrases: list[str], text: str) -> None:
    phrases = [phrase.replace(COMBINING_IOTA, "") or "a" for phrase in phrases]
    text = text.replace(COMBINING_IOTA, "")
    assert Phrases(phrases).without(text) == by_pattern(phrases, text)


@given(st.data())
def test_phrases_that_occur_are_taken_out_as_by_a_pattern(data: st.DataObject) -> None:
    text = data.draw(texts.filter(lambda text: text.strip() and COMBINING_IOTA not in text))
    cuts = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 9))
    spans = data.draw(st.lists(cuts, min_size=1, max_size=6))
    phrases = [text[start : start + length] for start, length in spans]
    phrases = [phrase for phrase in phrases if phrase.strip()] or ["a"]
    assert Phrases(phrases).without(text) == by_pattern(phrases, text)


def test_letters_are_equal_whose_case_a_pattern_ignores() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        assert len(folded(char)) == 1
        others = {char.lower(), char.upper(), char.lower().upper(), char.upper().lower()}
        for other in others - {char, COMBINING_IOTA}:
            if len(other) == 1 and char != COMBINING_IOTA:
                alike = re.fullmatch(re.escape(other), char, re.IGNORECASE) is not None
                assert (folded(other) == folded(char)) == alike, (char, other)
                assert re.match(r"\w", char) is None or re.match(r"\w", folded(char)), char


class Counted(dict[str, int]):
    looked_up = 0

    def __contains__(self, key: object) -> bool:
        Counted.looked_up += 1
        return super().__contains__(key)


@pytest.mark.parametrize(
    ("phrases", "text"),
    [
        ([f"{'a ' * length}b" for length in range(1, 50)], f"{'a ' * 60}b " * 40),
        ([f"b{' a' * length}" for length in range(1, 50)], "a " * 2_000),
        (["a " * length for length in range(1, 51)], "a " * 2_000),
        ([f"{'+' * length}a" for length in range(1, 100)], f"{'+' * 200}a" * 20),
        ([f"{number}{' ab' * 30}" for number in range(MOST_PHRASES)], "ab " * 1_333),
    ],
)
def test_steps_grow_with_the_text_alone(phrases: list[str], text: str) -> None:
    automaton = _Automaton(map(normal, phrases))
    automaton._longer = [Counted(longer) for longer in automaton._longer]
    Counted.looked_up = 0
    automaton.longest(parts := re.findall(r"\w+|\s+|[^\w\s]", text))
    assert 0 < Counted.looked_up <= 2 * len(parts)
