"""Turn a text into tokens, and undo spellings that hide a word.

There are two stages. ``prepare`` works on the whole text: Unicode, code blocks, spelt-out letters
("i d i o t"). ``chunk`` works on one piece between spaces. Its result does not depend on the rest
of the text, so serving can cache it. Harmless text that looks like evasion ("v1.2", "1st",
"U.S.A.", ":)") must stay harmless. The evaluation measures both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final

from model.hidden import StarredWords, by_skeleton, skeleton, without_stars
from model.lookalikes import REGIONAL_LETTERS, Table, build_tables

MAX_CHARACTERS: Final = 8_000
"""The rest of a longer text is ignored. This is twice Discord's longest message."""

MAX_TOKENS: Final = 2_000
"""The rest of a longer text is ignored, so the time to score a text is bounded."""

URL_TOKEN, USER_TOKEN, CODE_TOKEN, NUMBER_TOKEN = "%url", "%user", "%code", "%0"

LONGEST_WORD: Final = 200
"""Longer chunks are not searched for hidden words.

Nobody could read a word in one, and the patterns below can take quadratic time.
"""

LONGEST_TOKEN: Final = 64
"""Longer tokens are cut, so that cached tokens have a bounded size."""

MAX_I_AND_L: Final = 5
"""A word with more i and l than this is not read with one for the other: too many readings fit."""

# ------------------------------------------------------------------ the whole text

_FLAGS = "[\U0001f1e6-\U0001f1ff]"
_FLAGS_SPACED = re.compile(f"{_FLAGS}(?: +{_FLAGS}){{2,}}")
_FLAG_RUN = re.compile(f"{_FLAGS}+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_FENCED_WORDS = re.compile(r"```([^\n`]{0,200})```")
_CUSTOM_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_SPELT = re.compile(
    r"(?<![^\s\"'(])[a-z0-9@$!](?:\s[._\-*~|/\\+=^,:;•\s]{0,2}[a-z0-9@$!]){2,}(?![^\s\"').,!?])"
)

# ------------------------------------------------------------------ one chunk

_URL = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:discord\.gg|t\.co|bit\.ly)/\S+|\bpic\.twitter\.com/\S+"
)
_MENTION = re.compile(
    r"<(?:[@#][!&]?\d+|/[\w -]+:\d+|t:\d+(?::\w)?|id:\w+)>|(?<![\w.])@(?!ss\b|ssh)\w[\w.]*"
)
_MARKS = re.compile(r"\*\*|__|~~|\|\||`")
_EDGES = re.compile(r"^[*_>]+(?=\w)|(?<=\w)[*_]+(?=[.,!?]*$)")
_STARRED = re.compile(
    r"(?<![a-z0-9*#])[a-z]+(?:[*#]+[a-z]+)+|(?<![a-z0-9*#])[a-z]+[*#]{2,}(?![a-z0-9*#])"
)
# An unrecognised letter among Latin ones hides a letter, as a star does.
_WILD = re.compile(
    r"(?<=[a-z])[^\W\d_a-z](?=[a-z])|(?<=[a-z]{3})[^\W\d_a-z]\b|\b[^\W\d_a-z](?=[a-z]{3})"
)
# The look-behinds keep these two linear: after a failed match at its start, a word is skipped.
_WILD_WORD = re.compile(r"(?<![a-z*])[a-z*]*\*[a-z*]*")
_LEET: Final = str.maketrans("013456789@$!|+", "oieasgtbgasiit")
_AS_L: Final = str.maketrans("1!|", "lll")
_LEET_WORD = re.compile(
    r"(?<![a-z0-9@$!|+'])[a-z0-9@$!|+']*(?:[a-z][0-9@$!|+]|[0-9@$!|+][a-z])[a-z0-9@$!|+']*"
)
_LEET_INNER = re.compile(r"(?<=[a-z])[0-9@$!|+]{1,4}(?=[a-z])")
_LEET_EDGE = re.compile(
    r"(?<![\w@$!])(?:[134578](?=[a-z]{3,})|[@$!](?=[a-z]{2,}))"
    r"|(?<=[a-z])\$\$(?![\w$])|(?<=[a-z]{2})[$@]{1,2}(?![\w@$])|(?<=[a-z]{3})[03](?!\w)"
)
_QUANTITY = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm|k|m|v\d+|x|gb|mb|kb|tb|ms|min|mins|hr|hrs|sec|secs|s|d|fps|hz|p)"
)
_JOINABLE = re.compile(
    r"(?<![^\s\"(\[,!?])[a-z]+(?:(?:[._\-*~|/\\+=^]{1,3}|[^\x00-\x7f]{1,4})[a-z]+)+(?![a-z0-9])"
)
_LETTERS = re.compile(r"[a-z']+")
_WORD = re.compile(r"[a-z]+")
_REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
_TOKEN = re.compile(r"%[a-z]+|[a-z]+(?:'[a-z]+)*|\d+|[!?]+|[^\W\d_a-z]+|[^\x00-\x7f\w\s]")

# Cyrillic letters that do not look like Latin ones. A word that has one is Cyrillic.
_UNLIKE_LATIN: Final = frozenset("бгджзийлпфцчшщъыьэюя")

# Short words that occur next to a hyphen or a dot ("go-to", "all.in"). They are not joined, because
# that would turn two known words into an unknown one.
_SHORT_WORDS: Final = frozenset(
    """
    a i u o r n y k m x b c d e an am as at be by do go he hi if in is it me my no of oh ok on
    or so to up us we um uh ur im id ya yo gg wp ez op hp xp pc tv vs dm pm ad re ex co lol
    lmao omg wtf brb afk pls plz thx bro man dude the and for you are was not but all can has
    had her his him how its let may new now off old one our out own say see she too two use
    way who why yes yet get got did any day big bad boy end far few fun god guy hey hit hot
    job key kid lie lot low mad mom dad men mid mod nah nan nice nit non nor odd ohh pay per
    put ran red run sad sat saw set sex sit six sky son sun ten tho thy top try via war wet
    win won wow yay yea zip air aka app art ask ass bag bar bat bed bet bit bot box bug bus
    buy car cat cry cup cut die dig dip dog dry due ear eat egg ego fan fat fig fit fix fly
    gas gay gun hat high ice ill jet joy lag lap law leg log map max min mix net nil nut oil
    pen pet pie pig pop rap raw rip row rub sec sip sir tap tax tea tie tip toy ugh van vip
    web wit zoo isn aint dont cant thats love hate fuck shit this that with have from they
    will what when your good just like
    """.split()  # noqa: SIM905 - a list of one word a line is three hundred lines
)


@dataclass(frozen=True)
class Normaliser:
    """Turns texts into tokens. The same tables give the same tokens on every machine.

    ``hidden`` has the words that people hide, the most likely first. Stars are replaced by one of
    them. If a stretched word or a word with digits has several readings, one that is in ``hidden``
    wins.
    """

    always: Table = field(repr=False)
    in_words: Table = field(repr=False)
    hidden: dict[str, int] = field(repr=False, default_factory=dict)
    _by_length: dict[int, list[str]] = field(repr=False, init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for word in self.hidden:
            self._by_length.setdefault(len(word), []).append(word)

    def __getstate__(self) -> list[Any]:
        """Return the values of the fields, in order. Cached properties are not pickled."""
        return [getattr(self, item.name) for item in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        for item, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, item.name, value)

    @cached_property
    def _starred(self) -> StarredWords:
        return StarredWords(self._by_length)

    @cached_property
    def _by_skeleton(self) -> dict[str, str]:
        return by_skeleton(self.hidden)

    @classmethod
    def build(cls, hidden: Sequence[str] = ()) -> Normaliser:
        """Return a normaliser with tables from this Python's Unicode database, for training."""
        return cls(*build_tables(), {word: rank for rank, word in enumerate(hidden)})

    def with_hidden(self, hidden: Sequence[str]) -> Normaliser:
        """Return a normaliser with the same tables and other hidden words."""
        return replace(self, hidden={word: rank for rank, word in enumerate(hidden)})

    def tokens(self, text: str) -> list[str]:
        """Return at most ``MAX_TOKENS`` tokens: words, numbers, runs of ! and ?, emoji, %url etc."""
        found: list[str] = []
        for piece in self.prepare(text):
            found += self.chunk(piece)
            if len(found) >= MAX_TOKENS:
                return found[:MAX_TOKENS]
        return found

    def prepare(self, text: str) -> list[str]:
        """Return the lower-case chunks of a text; disguises that span chunks are already undone."""
        text = text[:MAX_CHARACTERS]
        if not text.isascii():
            text = text.translate(self.always)
            if not text.isascii():
                # A lone surrogate, from a broken client, cannot be encoded or hashed.
                text = _SURROGATE.sub("\ufffd", text)
                text = _FLAGS_SPACED.sub(lambda m: m.group().replace(" ", ""), text)
                text = _FLAG_RUN.sub(_unflag, text)
        if "<" in text:
            text = _CUSTOM_EMOJI.sub(r" \1 ", text)
        if "```" in text:
            # A fence around one line is treated as words, a fence around several as code.
            text = _FENCED_WORDS.sub(r" \1 ", text)
            text = _FENCE.sub(f" {CODE_TOKEN} ", text)
        text = text.lower()
        chunks = text.split()
        single = 0
        for chunk in chunks:
            if len(chunk) == 1:
                single += 1
        if single > 2:  # noqa: PLR2004 - a spelt word has at least three
            text = _SPELT.sub(self._unspell, " ".join(chunks))
            chunks = text.split()
        return chunks

    def chunk(self, chunk: str) -> tuple[str, ...]:
        """Return the tokens of one prepared chunk."""
        if chunk.isalpha() and chunk.isascii():
            return (self._squeezed(chunk)[:LONGEST_TOKEN],)
        if not chunk.isascii():
            chunk = _WORD.sub(self._restore_i_or_l, self._unmask(chunk))
            if len(chunk) <= LONGEST_WORD and _WILD.search(chunk):
                chunk = _WILD_WORD.sub(self._uncensor, _WILD.sub("*", chunk))
        if "/" in chunk or "www." in chunk:
            chunk = _URL.sub(f" {URL_TOKEN} ", chunk)
        if "@" in chunk or "<" in chunk:
            chunk = _MENTION.sub(f" {USER_TOKEN} ", chunk)
        if len(chunk) <= LONGEST_WORD:
            chunk = self._read(chunk)
        return tuple(
            NUMBER_TOKEN if token.isdigit() else token.replace("'", "")[:LONGEST_TOKEN]
            for token in _TOKEN.findall(chunk)
        )

    def _read(self, chunk: str) -> str:
        """Undo disguises in a chunk of at most ``LONGEST_WORD`` characters."""
        if "*" in chunk or "#" in chunk:
            chunk = _STARRED.sub(self._uncensor, chunk)
        if not chunk.isalnum():
            chunk = _EDGES.sub("", _MARKS.sub("", chunk))
        chunk = _LEET_WORD.sub(self._unleet, chunk)
        return self._squeezed(_JOINABLE.sub(_join, chunk))

    def _squeezed(self, chunk: str) -> str:
        """Shorten runs of three or more letters; to one letter if that gives a hidden word."""
        if _REPEATED.search(chunk) is None:
            return chunk
        shortest = _REPEATED.sub(r"\1", chunk)
        return shortest if shortest in self.hidden else _REPEATED.sub(_squeeze, chunk)

    def _unleet(self, match: re.Match[str]) -> str:
        word = match.group()
        if _QUANTITY.fullmatch(word):
            return word
        read = _LEET_EDGE.sub(_letters_for, _LEET_INNER.sub(_letters_for, word))
        if read not in self.hidden:
            # Bolder readings, such as 1 as l, count only if they give a hidden word.
            for bolder in (word.translate(_LEET), word.translate(_AS_L).translate(_LEET)):
                if bolder in self.hidden:
                    return bolder
        return read

    def _unmask(self, word: str) -> str:
        """Turn look-alikes into Latin letters, if the word was partly or becomes entirely Latin."""
        mapped = word.translate(self.in_words)
        if mapped == word:
            return word
        letters = [char for char in mapped if char.isalpha()]
        latin = sum(char.isascii() for char in letters)
        if any(char.isascii() and char.isalpha() for char in word):
            return mapped if latin >= 0.6 * len(letters) else word
        foreign = latin < len(letters) or not _UNLIKE_LATIN.isdisjoint(word)
        return word if foreign else mapped

    def _restore_i_or_l(self, match: re.Match[str]) -> str:
        """Swap i and l where that turns an unknown word into a hidden one.

        In decorated alphabets, a capital I and a small l look alike.
        """
        word = match.group()
        places = word.count("i") + word.count("l")
        if not 0 < places <= MAX_I_AND_L or word in self.hidden:
            return word
        return self._by_skeleton.get(skeleton(word), word)

    def _unspell(self, match: re.Match[str]) -> str:
        """Join spelt-out letters, if enough of them are letters."""
        run = match.group()
        joined = "".join(
            char for char in run if not char.isspace() and char not in "._-*~|/\\+=^,:;•"
        )
        letters = sum(char.isalpha() for char in joined)
        # Three letters are often a list or keys to press. "k y s" is the exception.
        if joined != "kys" and (len(joined) <= 3 or letters < len(joined) / 2):  # noqa: PLR2004
            return run
        # "a p a t h e t i c" is read as "a pathetic" rather than "apathetic".
        if joined not in self.hidden and joined[1:] in self.hidden:
            return f"{joined[0]} {joined[1:]}"
        return joined

    def _uncensor(self, match: re.Match[str]) -> str:
        """Return the most likely hidden word behind the stars, or the word unchanged.

        Stars are either extra ("st*upid") or replace one letter each ("st*pid"). Anything looser
        would find abuse in "th*s".
        """
        word = match.group()
        without = without_stars(word)
        if without in self.hidden:
            return without
        return self._starred.likeliest(word) or word


def _unflag(match: re.Match[str]) -> str:
    run = match.group()
    return run if len(run) == 2 else run.translate(REGIONAL_LETTERS)  # noqa: PLR2004 - one flag


def _letters_for(match: re.Match[str]) -> str:
    run = match.group()
    return "l" * len(run) if len(run) > 1 and set(run) == {"1"} else run.translate(_LEET)


def _join(match: re.Match[str]) -> str:
    """Join letters that are separated by punctuation, unless the parts are words themselves."""
    chunk = match.group()
    pieces = _LETTERS.findall(chunk)
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to join
        return chunk
    short = [piece for piece in pieces if len(piece) <= 3]  # noqa: PLR2004
    spelt = len(pieces) > 2 and all(len(piece) == 1 for piece in pieces)  # noqa: PLR2004
    cut_off = len(pieces) > len(short) and any(len(piece) == 1 for piece in pieces)
    broken = cut_off or any(piece not in _SHORT_WORDS for piece in short)
    if spelt or broken or (len(pieces) > 2 and len(short) == len(pieces)):  # noqa: PLR2004
        return "".join(pieces)
    return " ".join(pieces) if chunk.isascii() else chunk


def _squeeze(match: re.Match[str]) -> str:
    """Shorten a run of a letter to one or two, whichever occurs in English words."""
    char = match.group(1)
    return char if char in "aiuhjkqvwxy" else char * 2
