"""Families of texts and phrases that are designed to be slow."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from itertools import islice
from string import ascii_lowercase, digits
from typing import Final

from bot.policy.phrases import MOST_PHRASES
from model import artefact
from model.tables import own_table

LENGTH: Final = 4_000
"""The length of every text in characters: Discord's longest message."""

Pieces = list[str]
Maker = Callable[[random.Random], Pieces]

LOOK_ALIKES: Final = "аеорсухікѕԁһ"
CYRILLIC: Final = "бгджзлпфцчшщыэюя"
EMOJI: Final = "🔥😂💀✨🙂🤡❤🐸🎉👀"
MARKS: Final = [chr(code) for code in range(0x300, 0x370)]
FLAGS: Final = [chr(code) for code in range(0x1F1E6, 0x1F200)]
SIGNS: Final = "._-~/\\=^,:;!?'\"()&%+|"


def text_of(pieces: Pieces) -> str:
    """Join pieces into a text of ``LENGTH`` characters, repeating them if needed."""
    text = "".join(pieces)
    while 0 < len(text) < LENGTH:
        text += text
    return text[:LENGTH]


@cache
def _words() -> tuple[str, ...]:
    return tuple(word for row in own_table("chat_texts.tsv") for word in row["text"].split())


@cache
def _hidden() -> tuple[str, ...]:
    model, _ = artefact.load(artefact.PACKAGED)
    return tuple(model.named_steps["features"].normaliser.hidden)


def ORDINARY(chance: random.Random) -> Pieces:  # noqa: N802 - used as one of the FAMILIES
    """Return the words of consecutive chat messages."""
    words = _words()
    start = chance.randrange(len(words))
    return [f"{words[(start + more) % len(words)]} " for more in range(LENGTH // 2)]


def ordinary_texts() -> list[str]:
    """Return all chat messages, cut into overlapping texts of ``LENGTH`` characters."""
    words = " ".join(_words())
    # They overlap, so that every pair of words is in one of them.
    return [words[at : at + LENGTH] for at in range(0, len(words), LENGTH // 2)]


def _some(chance: random.Random, letters: str | list[str], shortest: int, longest: int) -> str:
    return "".join(chance.choices(letters, k=chance.randint(shortest, longest)))


def _family(piece: Callable[[random.Random, int], str]) -> Maker:
    """Return a family whose pieces share one random number, which is drawn for each text."""

    def make(chance: random.Random) -> Pieces:
        number = chance.randint(1, 12)
        return [piece(chance, number) for _ in range(LENGTH // 2)]

    return make


def _starred(chance: random.Random, number: int) -> str:
    left, right = (_some(chance, ascii_lowercase, 1, number) for _ in range(2))
    return f"{left}{'*' * chance.randint(1, 3)}{right} "


def _starred_hidden(chance: random.Random, number: int) -> str:
    letters = list(chance.choice(_hidden()))
    for _ in range(1 + number // 4):
        letters[chance.randrange(len(letters))] = chance.choice(f"**#{ascii_lowercase}")
    return f"{''.join(letters)} "


def _wild(chance: random.Random, number: int) -> str:
    letters = list(chance.choice(_hidden()))
    letters[chance.randrange(len(letters))] = chance.choice("日本語中文漢字")
    return "".join(letters) + " " * (number > 3)  # noqa: PLR2004


def _i_and_l(chance: random.Random, number: int) -> str:
    return _some(chance, "ililili" + ascii_lowercase, 4, 5 + number) + chance.choice(EMOJI + " ")


def _spelt(chance: random.Random, number: int) -> str:
    return chance.choice("abcdefghij@$!") + " " * (1 + number % 3) + chance.choice(["", ". "])


def _repeated(chance: random.Random, number: int) -> str:
    return "".join(chance.choice(ascii_lowercase) * (2 + number) for _ in range(4)) + " "


def _stutter(chance: random.Random, number: int) -> str:
    return (_some(chance, ascii_lowercase, 2, 3) * (1 + number))[:24] + " "


def _fence(chance: random.Random, number: int) -> str:
    return "`" * chance.choice([1, 2, 3, 3, 3]) + _some(chance, "ab \n", 0, number)


def _long(chance: random.Random) -> Pieces:
    """Return the longest words that are normalised, of few letters and signs: hard to match."""
    letters = chance.sample(f"aaabbill'{digits}{SIGNS}*#@$<>`é日", chance.randint(1, 6))
    return [_some(chance, letters, 199, 199) + " " for _ in range(LENGTH // 200 + 1)]


def _spelt_late(chance: random.Random) -> Pieces:
    """Return chat messages that end in spelt-out letters, which an explanation has to align."""
    letters = chance.sample("idotabc", 4)
    word = "".join(letters)
    end = [f"{' '.join(letters)} {word} {chance.choice(letters)} ." for _ in range(60)]
    end = end[: chance.randint(5, 60)]
    before = "".join(ORDINARY(chance))[: LENGTH - sum(map(len, end))]
    return [*(before[at : at + 5] for at in range(0, len(before), 5)), *end]


FAMILIES: Final[dict[str, Maker]] = {
    "starred words": _family(_starred),
    "starred hidden words": _family(_starred_hidden),
    "hidden words, one letter unknown": _family(_wild),
    "i and l beside emoji": _family(_i_and_l),
    "mixed scripts": _family(lambda c, n: _some(c, ascii_lowercase + LOOK_ALIKES, 2, 2 + n) + " "),
    "Latin and plain Cyrillic": _family(
        lambda c, n: _some(c, ascii_lowercase + CYRILLIC, 1, n) + " "
    ),
    "Cyrillic": _family(lambda c, n: _some(c, LOOK_ALIKES + CYRILLIC, 1, n) + " "),
    "leet": _family(lambda c, n: _some(c, f"{ascii_lowercase}{digits}@$!|+", 2, 2 + n) + " "),
    "quantities": _family(lambda c, n: f"{_some(c, digits, 1, n)}{c.choice(['st', 'gb', 'x'])} "),
    "random words": _family(lambda c, n: _some(c, ascii_lowercase, n, 2 * n) + " "),
    "short words": _family(lambda c, _: _some(c, ascii_lowercase, 1, 2) + " "),
    "two letters in turns": _family(_stutter),
    "repeated letters": _family(_repeated),
    "spaced CJK": _family(lambda c, _: chr(c.randint(0x4E00, 0x9FFF)) + " "),
    "CJK": _family(lambda c, n: _some(c, [chr(0x4E00 + c.randrange(20_000))], n, n) + "。"),
    "signs of everywhere": _family(lambda c, _: chr(c.randint(0x2190, 0x2BFF))),
    "any characters": _family(lambda c, n: chr(c.randint(0x80, 0x1FFFF)) + " " * (n % 2)),
    "zalgo": _family(lambda c, n: c.choice(ascii_lowercase) + _some(c, MARKS, 0, n)),
    "emoji": _family(lambda c, _: chr(c.randint(0x1F300, 0x1F9FF))),
    "emoji between letters": _family(
        lambda c, n: _some(c, ascii_lowercase, 1, n) + c.choice(EMOJI)
    ),
    "letters spelt out": _family(_spelt),
    "letters spelt out at the end": _spelt_late,
    "flags": _family(lambda c, n: _some(c, FLAGS, 1, 3) + " " * (n % 2)),
    "addresses": _family(
        lambda c, n: f"https://{_some(c, ascii_lowercase, 1, n)}.{'/' * (n % 3)} "
    ),
    "mentions": _family(
        lambda c, n: c.choice(["<@", "@", "<#", "</a ", "<t:"]) + "1" * (n % 4) + ">"
    ),
    "code fences": _family(_fence),
    "markdown": _family(lambda c, n: _some(c, "ab*_~|`>#", 1, n) + " "),
    "letters and signs": _family(lambda c, n: _some(c, ascii_lowercase + SIGNS, 2, 2 + n) + " "),
    "one letter, one sign": _family(lambda c, _: c.choice(ascii_lowercase) + c.choice(SIGNS)),
    "words of 199 characters": _long,
    "one long word": _family(lambda c, n: _some(c, ascii_lowercase + SIGNS[:n], 1, 9)),
    "allowed phrases": _family(lambda _, n: ("a " * 46 + "c ") if n % 2 else "a "),
}


def hostile_phrases() -> list[list[str]]:
    """Return sets of ``MOST_PHRASES`` phrases, each slow in a different way."""
    number = range(MOST_PHRASES)
    return [
        [f"{'a ' * (n % 48)}b{n}" for n in number],
        [f"b{n} {'a ' * (n % 45)}" for n in number],
        [f"{'a ' * 47}{n:03}" for n in number],
        [f"{n:03} {'a ' * 48}" for n in number],
        [("a " * (n % 50 + 1) + "!" * (n // 50)).strip() for n in number],
        ["".join(islice(f"{'.-' * 50}{n}", n % 97 + 1)) + f"{n:03}" for n in number],
        list(dict.fromkeys(_words()))[:MOST_PHRASES],
    ]
