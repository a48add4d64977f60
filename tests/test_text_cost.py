"""What any text may cost, in counted operations: a clock would say something else each time."""

from __future__ import annotations

import random
import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hostile import FAMILIES, LENGTH, text_of
from model import artefact, hashing, normalise
from model.hidden import StarredWords, by_skeleton, skeleton
from model.keys import LONGEST, SHORTEST, TOKEN_LENGTH
from model.lowered import Lowered
from model.normalise import LONGEST_TOKEN, LONGEST_WORD, MAX_I_AND_L, MAX_TOKENS, Normaliser
from model.windows import windows

MODEL, _ = artefact.load(artefact.PACKAGED)
PACKAGED: Normaliser = MODEL.named_steps["features"].normaliser
MOST_GRAMS = sum(TOKEN_LENGTH + 3 - size for size in range(SHORTEST, LONGEST + 1))
"""N-grams of one token with a frame around it."""


def hiding(*words: str) -> Normaliser:
    """Return a normaliser without look-alikes that looks for these words, the likeliest first."""
    return Normaliser({}, {}, {word: rank for rank, word in enumerate(words)})


@pytest.mark.parametrize(
    ("hidden", "text", "tokens"),
    [
        # Between letters, or for one letter each.
        (["stupid"], "st*upid st*pid st**id s*u*id", "stupid stupid stupid stupid"),
        (["stupid"], "st#pid st#upid stup##", "stupid stupid stupid"),
        (["stupid"], "st**pid st*d", "stpid std"),
        (["this"], "th*s th*t", "this tht"),
        # At an end, a single star may be emphasis.
        (["stupid"], "stup** stupi* *stupid", "stupid stupi stupid"),
        # The likeliest of those that fit.
        (["bitch", "batch"], "b*tch", "bitch"),
        (["batch", "bitch"], "b*tch", "batch"),
        (["batch", "botch", "bitch"], "b*t*h", "batch"),
        (["botched", "batch", "bitch"], "b*tch", "batch"),
        (["bench", "bitch", "match"], "b*tch *atch", "bitch atch"),
        # A word that is hidden without its stars, before a likelier one that fits.
        (["cabbin", "cabin"], "ca*bin", "cabin"),
        # A letter of no known look stands for one, also at the beginning.
        (["stupid"], "st日pid 日tupid stupi日", "stupid stupid stupid"),
        # All visible letters must agree.
        (["stupid"], "st*pit at*pid", "stpit atpid"),
        ([], "st*pid", "stpid"),
    ],
)
def test_stars_stand_between_letters_or_for_one_each(
    hidden: list[str], text: str, tokens: str
) -> None:
    assert " ".join(hiding(*hidden).tokens(text)) == tokens


@pytest.mark.parametrize(
    ("hidden", "text", "tokens"),
    [
        (["lame"], "iame🔥 lame🔥 Iame🔥", "lame 🔥 lame 🔥 lame 🔥"),
        (["lame"], "iame", "iame"),
        (["idiot"], "ldlot🔥", "idiot 🔥"),
        (["liar", "iiar"], "ilar🔥 llar🔥", "iiar 🔥 iiar 🔥"),
        (["liar", "iiar"], "liar🔥", "liar 🔥"),
        (["illicitly"], "iliicitiy🔥", "iliicitiy 🔥"),
    ],
)
def test_an_i_is_an_l_only_where_that_gives_a_hidden_word(
    hidden: list[str], text: str, tokens: str
) -> None:
    assert " ".join(hiding(*hidden).tokens(text)) == tokens


letters = st.text("abil", min_size=1, max_size=5)


@given(st.lists(letters, unique=True, max_size=12), st.text("abil*#", min_size=1, max_size=5))
def test_the_likeliest_word_behind_stars_is_found_as_by_trying_all(
    words: list[str], starred: str
) -> None:
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
    pattern = re.compile(re.sub("[*#]", "[a-z]", starred))
    expected = next((word for word in words if pattern.fullmatch(word)), None)
    assert StarredWords(by_length).likeliest(starred) == expected


@given(st.sets(letters, max_size=12), letters)
def test_a_word_with_i_and_l_swapped_is_found_as_by_trying_all(words: set[str], word: str) -> None:
    readings = map("".join, product(*("il" if char in "il" else char for char in word)))
    expected = next((reading for reading in readings if reading in words), None)
    assert by_skeleton(words).get(skeleton(word)) == expected


# -------------------------------------------------------------------------------- counted


class Counted(dict[Any, Any]):
    """Counts how often something was looked up."""

    looked_up = 0

    def get(self, key: object, default: object = None) -> object:
        self.looked_up += 1
        return super().get(key, default)


def test_a_starred_word_costs_one_look_up_a_letter_however_many_words_are_hidden() -> None:
    starred = StarredWords(PACKAGED._by_length)
    for word in PACKAGED.hidden:
        for at in range(1, len(word) - 1):
            starred._having = counted = Counted(starred._having)
            assert starred.likeliest(f"{word[:at]}*{word[at + 1 :]}") is not None
            assert counted.looked_up == len(word) - 1


def test_a_word_of_i_and_l_costs_one_look_up_however_many_readings_it_has() -> None:
    normaliser = hiding("illicit")
    counted = normaliser.__dict__["_by_skeleton"] = Counted(normaliser._by_skeleton)
    words = ["".join(word) for word in product("il", repeat=MAX_I_AND_L)]
    normaliser.tokens(" ".join(f"{word}🔥" for word in words))
    assert counted.looked_up == len(words)


def test_no_text_makes_a_new_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a pattern was made for a text")

    monkeypatch.setattr(re, "compile", refused)
    for family, maker in FAMILIES.items():
        PACKAGED.tokens(text_of(maker(random.Random(family))))


@pytest.mark.parametrize("family", FAMILIES)
def test_work_grows_with_the_characters_of_a_text_alone(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(FAMILIES[family](random.Random(family)))
    hashed: list[int] = []

    def counting(data: bytes, starts: hashing.Ints, *rest: Any) -> hashing.Hashes:
        hashed.append(len(starts))
        return murmur3(data, starts, *rest)

    murmur3 = hashing.murmur3
    monkeypatch.setattr(hashing, "murmur3", counting)
    lowered = Lowered(MODEL)
    lowered.decision_function([text])
    ids = lowered.ids(text)
    assert len(ids) <= min(len(text), MAX_TOKENS)
    assert len(lowered._pairs) < max(len(ids), 1)
    assert sum(end - start for start, end in windows(len(ids))) <= 2 * len(ids)
    # A token is cut, so long ones have few n-grams; each of its letters begins one of each size.
    names = lowered._tokens.names[1:]
    assert all(len(name) <= LONGEST_TOKEN for name in names)
    per_size = sum(min(len(name), TOKEN_LENGTH) + 1 for name in names)
    assert sum(hashed) <= min(per_size * (LONGEST - SHORTEST + 1), MOST_GRAMS * len(names))
    before = sum(hashed)
    lowered.decision_function([text])
    assert sum(hashed) == before


def test_a_word_without_a_match_is_not_looked_at_again_from_inside() -> None:
    # What makes a pattern take the square of a word's length.
    for pattern, word, match in (
        (normalise._LEET_WORD, "ab'" * 66, "a1"),
        (normalise._LEET_WORD, "1@" * 99, "a1"),
        (normalise._WILD_WORD, "a" * 199, "*"),
    ):
        assert len(word) <= LONGEST_WORD
        assert pattern.search(word) is None
        matching = word + match
        assert pattern.match(matching) is not None
        assert all(pattern.match(matching, at) is None for at in range(1, len(word)))


@given(st.text("ab1@'*. ", max_size=12))
def test_the_same_words_are_found_as_by_looking_everywhere(text: str) -> None:
    for pattern in (normalise._LEET_WORD, normalise._WILD_WORD):
        _, _, everywhere = pattern.pattern.partition(")")
        assert pattern.findall(text) == re.findall(everywhere, text)


def test_hostile_texts_have_the_length_of_a_message() -> None:
    for family, maker in FAMILIES.items():
        assert len(text_of(maker(random.Random(family)))) == LENGTH, family
