"""Text to tokens: undoes what hides a word, and nothing else.

Two stages. ``prepare`` sees the whole text: Unicode, code blocks, letters spelt out with blanks.
``chunk`` sees one blank-separated piece and depends on nothing around it, so that serving can
remember its answer. What looks like evasion in a benign text ("v1.2", "1st", "U.S.A.", ":)") must
come out as harmless as it went in; the evasion suite measures both sides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final

from model.hidden import StarredWords, by_upright, upright, without_stars
from model.lookalikes import REGIONAL_LETTERS, Table, build_tables

MAX_CHARACTERS: Final = 8_000
"""Longer texts are read up to here: twice Discord's longest message."""

MAX_TOKENS: Final = 2_000
"""Further tokens are not read; with this no text costs more than a bounded time."""

URL_TOKEN, USER_TOKEN, CODE_TOKEN, NUMBER_TOKEN = "%url", "%user", "%code", "%0"

LONGEST_WORD: Final = 200
"""Nobody reads a word in a longer chunk, and the patterns below may take the square of its length."""

LONGEST_TOKEN: Final = 64
"""A longer token is cut, so that what serving remembers of it is bounded."""

MAX_UPRIGHT: Final = 5
"""In how many places of a word an i may be an l: more of them say nothing about the word."""

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
# A letter of no known look among Latin ones hides a letter, as a star does.
_WILD = re.compile(
    r"(?<=[a-z])[^\W\d_a-z](?=[a-z])|(?<=[a-z]{3})[^\W\d_a-z]\b|\b[^\W\d_a-z](?=[a-z]{3})"
)
# Looking no further inside a word once its beginning did not match keeps these two linear.
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

# Cyrillic letters in which nobody sees a Latin one: a word with them is a Cyrillic word.
_UNLIKE_LATIN: Final = frozenset("бгджзийлпфцчшщъыьэюя")

# Short words that may stand beside a hyphen or a dot ("go-to", "all.in"): joining them would make
# one unknown word out of two known ones.
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
    """A normaliser with its tables. Equal tables give equal tokens on every machine.

    ``hidden`` are words that people hide, the likeliest first: what stars may stand for, and what
    a stretched or numbered word is read as where both readings are possible.
    """

    always: Table = field(repr=False)
    in_words: Table = field(repr=False)
    hidden: dict[str, int] = field(repr=False, default_factory=dict)
    _by_length: dict[int, list[str]] = field(repr=False, init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for word in self.hidden:
            self._by_length.setdefault(len(word), []).append(word)

    def __getstate__(self) -> list[Any]:
        """Return the fields in their order. What is derived from them is no part of an artefact."""
        return [getattr(self, item.name) for item in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        for item, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, item.name, value)

    @cached_property
    def _starred(self) -> StarredWords:
        return StarredWords(self._by_length)

    @cached_property
    def _upright_words(self) -> dict[str, str]:
        return by_upright(self.hidden)

    @classmethod
    def build(cls, hidden: Sequence[str] = ()) -> Normaliser:
        """Make the tables from this Python's Unicode database; used when training."""
        return cls(*build_tables(), {word: rank for rank, word in enumerate(hidden)})

    def with_hidden(self, hidden: Sequence[str]) -> Normaliser:
        """Return a normaliser with the same tables that looks for these words."""
        return replace(self, hidden={word: rank for rank, word in enumerate(hidden)})

    def tokens(self, text: str) -> list[str]:
        """Return at most ``MAX_TOKENS`` tokens: words, numbers, runs of ! and ?, emoji, places."""
        found: list[str] = []
        for piece in self.prepare(text):
            found += self.chunk(piece)
            if len(found) >= MAX_TOKENS:
                return found[:MAX_TOKENS]
        return found

    def prepare(self, text: str) -> list[str]:
        """Return the chunks of a text, lower-case, with what spans chunks already undone."""
        text = text[:MAX_CHARACTERS]
        if not text.isascii():
            text = text.translate(self.always)
            if not text.isascii():
                # Half a character, from a broken client: no encoder takes it, no hash either.
                text = _SURROGATE.sub("\ufffd", text)
                text = _FLAGS_SPACED.sub(lambda m: m.group().replace(" ", ""), text)
                text = _FLAG_RUN.sub(_unflag, text)
        if "<" in text:
            text = _CUSTOM_EMOJI.sub(r" \1 ", text)
        if "```" in text:
            # A fence around a few words is no code; one around lines is.
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
            chunk = _WORD.sub(self._upright, self._unmask(chunk))
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
        """Undo what hides a word inside one chunk of bearable length."""
        if "*" in chunk or "#" in chunk:
            chunk = _STARRED.sub(self._uncensor, chunk)
        if not chunk.isalnum():
            chunk = _EDGES.sub("", _MARKS.sub("", chunk))
        chunk = _LEET_WORD.sub(self._unleet, chunk)
        return self._squeezed(_JOINABLE.sub(_join, chunk))

    def _squeezed(self, chunk: str) -> str:
        """Cut runs of three and more letters: to one where that gives a hidden word."""
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
            # Bolder readings, a 1 as an l among them, only where they give a word people hide.
            for bolder in (word.translate(_LEET), word.translate(_AS_L).translate(_LEET)):
                if bolder in self.hidden:
                    return bolder
        return read

    def _unmask(self, word: str) -> str:
        """Turn look-alikes into Latin in a word that is wholly, or was already partly, Latin."""
        mapped = word.translate(self.in_words)
        if mapped == word:
            return word
        letters = [char for char in mapped if char.isalpha()]
        latin = sum(char.isascii() for char in letters)
        if any(char.isascii() and char.isalpha() for char in word):
            return mapped if latin >= 0.6 * len(letters) else word
        foreign = latin < len(letters) or not _UNLIKE_LATIN.isdisjoint(word)
        return word if foreign else mapped

    def _upright(self, match: re.Match[str]) -> str:
        """Read an i as an l or the other way, where only that gives a hidden word.

        Decorated alphabets draw a capital I and a small l alike.
        """
        word = match.group()
        places = word.count("i") + word.count("l")
        if not 0 < places <= MAX_UPRIGHT or word in self.hidden:
            return word
        return self._upright_words.get(upright(word), word)

    def _unspell(self, match: re.Match[str]) -> str:
        """Join letters that were spelt out, where enough of them really are letters."""
        run = match.group()
        joined = "".join(
            char for char in run if not char.isspace() and char not in "._-*~|/\\+=^,:;•"
        )
        letters = sum(char.isalpha() for char in joined)
        # Three letters may be a list or a key to press ("w a s d" is four); k y s is a message.
        if joined != "kys" and (len(joined) <= 3 or letters < len(joined) / 2):  # noqa: PLR2004
            return run
        # "a p a t h e t i c" is more likely "a pathetic" than "apathetic".
        if joined not in self.hidden and joined[1:] in self.hidden:
            return f"{joined[0]} {joined[1:]}"
        return joined

    def _uncensor(self, match: re.Match[str]) -> str:
        """Return the hidden word that the stars most likely stand for, or the word as it is.

        A star stands between letters ("st*upid") or for one each ("st*pid"). Anything looser would
        find abuse in "th*s".
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
    """Join letters parted by signs, unless the parts are words of their own."""
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
    """Cut a run of three and more to one or two, by what English words have."""
    char = match.group(1)
    return char if char in "aiuhjkqvwxy" else char * 2
