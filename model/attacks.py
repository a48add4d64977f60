"""Ways to disguise a word, to test the classifier with.

Each attack is applied to toxic and to benign texts. Measured on toxic texts alone, a normaliser
that sees abuse everywhere would look perfect. So two figures are reported: the share of alarms
kept on toxic texts, and the fire rate on benign texts under the same attack. Look-alikes come from
Unicode's table of confusables (package confusable-homoglyphs), not from the normaliser's tables.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

Attack = Callable[[str, random.Random], str]

SHARE: Final = 0.5
"""Share of the letters, or of the longer words, that an attack changes."""

_LEET: Final = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "o": "0", "s": "5$", "t": "7"}
_EMOJI: Final = "🔥😂💀✨🙂🤡❤🐸🎉👀"
_FULL_WIDTH: Final = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
_COMBINING: Final = [chr(code) for code in range(0x300, 0x370)]


@cache
def _confusables() -> dict[str, tuple[str, ...]]:
    """Return, for each Latin letter, the characters that Unicode lists as confusable with it."""
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - optional

    found = {}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        listed = confusables_data.get(letter, [])
        found[letter] = tuple(
            entry["c"] for entry in listed if len(entry["c"]) == 1 and not entry["c"].isascii()
        )
    return found


def _letters(change: Callable[[str, random.Random], str]) -> Attack:
    def attack(text: str, chance: random.Random) -> str:
        return "".join(
            change(char, chance) if char.isalpha() and chance.random() < SHARE else char
            for char in text
        )

    return attack


def _words(change: Callable[[str, random.Random], str]) -> Attack:
    def attack(text: str, chance: random.Random) -> str:
        return " ".join(
            change(word, chance)
            if len(word) > 3 and word.isalpha() and chance.random() < SHARE  # noqa: PLR2004
            else word
            for word in text.split(" ")
        )

    return attack


def _confuse(char: str, chance: random.Random) -> str:
    options = _confusables().get(char.lower(), ())
    return chance.choice(options) if options else char


def _leet(char: str, chance: random.Random) -> str:
    return chance.choice(_LEET.get(char.lower(), char))


def _inside(word: str, chance: random.Random, piece: str, times: int = 1) -> str:
    for _ in range(times):
        at = chance.randrange(1, len(word))
        word = word[:at] + piece + word[at:]
    return word


def _ambiguous(word: str, chance: random.Random) -> str:
    """Replace one letter with another that looks like it in decorated alphabets, such as i and l."""
    swaps = {"l": "i", "i": "l", "u": "v", "v": "u", "h": "n", "w": "vv", "m": "nn", "c": "e"}
    places = [at for at, char in enumerate(word) if char.lower() in swaps]
    if not places:
        return word
    at = chance.choice(places)
    return word[:at] + swaps[word[at].lower()] + word[at + 1 :]


def _star(word: str, chance: random.Random) -> str:
    at = next((i for i, char in enumerate(word) if i and char.lower() in "aeiou"), 1)
    del chance
    return word[:at] + "*" + word[at + 1 :]


def _repeat(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word))
    return word[:at] + word[at] * 4 + word[at + 1 :]


def _zalgo(char: str, chance: random.Random) -> str:
    return char + "".join(chance.choices(_COMBINING, k=3))


def _small_letters(char: str, chance: random.Random) -> str:
    del chance
    try:
        return unicodedata.lookup(f"MATHEMATICAL BOLD SMALL {char.upper()}")
    except KeyError:
        return char


_HARMLESS: Final = (
    "we played the new map for an hour yesterday and it was great fun until the rain came",
    "my sister is here for the week so we cooked something warm and watched a film together",
    "does anybody know whether the update fixes the sound because mine is still a bit late",
    "the train was late again this morning but at least there was a seat by the window",
    "i will be on at eight if somebody wants to go through the second dungeon with me",
    "thanks for the link from last night the part about the engine was really well explained",
)


def _among(words: int) -> Attack:
    """Return an attack that hides a text at a random place among so many harmless words."""

    def attack(text: str, chance: random.Random) -> str:
        around: list[str] = []
        while len(around) < words:
            around += chance.choice(_HARMLESS).split()
        at = chance.randrange(words + 1)
        return " ".join((*around[:at], text, *around[at:words]))

    return attack


ATTACKS: Final[dict[str, Attack]] = {
    "none": lambda text, _chance: text,
    "unicode confusables": _letters(_confuse),
    "mathematical letters": _letters(_small_letters),
    "full width": _letters(lambda char, _chance: _FULL_WIDTH.get(char, char)),
    "leet": _letters(_leet),
    "stars": _words(_star),
    "emoji inside words": _words(lambda word, chance: _inside(word, chance, chance.choice(_EMOJI))),
    "emoji between letters": _words(lambda word, chance: chance.choice(_EMOJI).join(word)),
    "zero width": _words(lambda word, chance: _inside(word, chance, "\u200b", 2)),
    "dots inside words": _words(lambda word, chance: _inside(word, chance, ".")),
    "letters spelt out": _words(lambda word, _chance: " ".join(word)),
    "letters hyphenated": _words(lambda word, _chance: "-".join(word)),
    "repeated letters": _words(_repeat),
    "combining marks": _letters(_zalgo),
    "markdown inside words": _words(lambda word, chance: _inside(word, chance, "||", 1)),
    "dropped letter": _words(
        lambda word, chance: word[: (at := chance.randrange(1, len(word)))] + word[at + 1 :]
    ),
    "ambiguous letters": _words(_ambiguous),
    "swapped letters": _words(
        lambda word, chance: (
            word[: (at := chance.randrange(len(word) - 1))]
            + word[at + 1]
            + word[at]
            + word[at + 2 :]
        )
    ),
    "among 20 harmless words": _among(20),
    "among 100 harmless words": _among(100),
}


TRAINED_ON: Final = (
    "dropped letter",
    "swapped letters",
    "repeated letters",
    "leet",
    "ambiguous letters",
)
"""Attacks that some training rows are misspelt with. Their figures do not show unseen attacks."""


def apply(texts: list[str], name: str, seed: int = 0) -> list[str]:
    """Return the texts, changed by the attack ``name``. The same seed gives the same texts."""
    chance = random.Random(f"{name} {seed}")
    return [ATTACKS[name](text, chance) for text in texts]
