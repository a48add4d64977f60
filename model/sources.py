"""Map the labels of each source to our classes, one function for each source.

A row has no label for a class that its source says nothing about.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.classes import HARMS
from model.datasets import locate
from model.tables import own_table, table

Labels = dict[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text.

    ``labels`` maps classes to 0 or 1. ``group`` is shared by near-duplicates and by texts that
    belong together (a contrasting pair, one match of a game). A split never divides a group.
    """

    source: str
    text: str
    labels: Labels
    group: str

    @property
    def held_out(self) -> bool:
        """Whether this row is kept for evaluation. It depends on the group's hash only."""
        parts = HELD_OUT_PARTS.get(self.source, 6)
        return parts > 0 and bucket(self.group, parts) == 0


HELD_OUT_PARTS: Final = {"irc_ubuntu": 2, "goemotions": 3, "texts": 3, "ldnoobw": 0}
"""One group in this many is held out; one in six for other sources, none for 0 (a word list)."""

WEIGHTS: Final = {
    "texts": 8.0,  # few, and nothing else shows what they show
    "conda": 2.0,  # the only live game chat
    "toxic_spans": 0.5,  # news comments, long
    "cad": 0.4,  # labelled in the context of a thread that we do not have
    "gab_hate_corpus": 0.6,
    "threatgram101": 0.4,  # noisy labels
}
"""The weight of a source's rows in training; 1 for other sources."""

BENIGN_SOURCES: Final = ("irc_ubuntu", "goemotions", "texts")
"""Sources whose held-out harmless rows the fire rate is measured on."""


def bucket(group: str, parts: int) -> int:
    """Return which part, from 0 to ``parts - 1``, a group falls into."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % parts


_WRAPPING = re.compile(r"https?://\S+|@\w+|\brt\b")
_WORDS = re.compile(r"[^\W\d_]+|[^\x00-\x7f\w\s]")


def near_duplicate_key(text: str) -> str:
    """Return what near-duplicates share: the text without URLs, mentions, RT, case, punctuation."""
    return " ".join(_WORDS.findall(_WRAPPING.sub(" ", html.unescape(text).lower()))) or text


def davidson(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Class 0 (hate) is also offensive, 1 is offensive, 2 is neither. Targets are not labelled."""
    by_class: dict[str, Labels] = {
        "0": {"hate": 1, "offensive": 1},
        "1": {"hate": 0, "offensive": 1},
        "2": {"hate": 0, "offensive": 0, "insult": 0},
    }
    for row in table(files[0]):
        yield html.unescape(row["tweet"]), by_class[row["class"]]


def dghs(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Hate or not. Many of the other texts are insults or threats, so those stay unknown."""
    for row in table(files[0]):
        yield row["text"], {"hate": int(row["label"] == "hate")}


def hatexplain(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Hate or normal. Its "offensive" matches none of our classes and is left out."""
    by_label: dict[str, Labels] = {
        "hatespeech": {"hate": 1},
        "offensive": {},
        "normal": {"hate": 0, "insult": 0},
    }
    for row in table(files[0]):
        yield (
            row["comment"].replace("<number>", "0").replace("<user>", "@user"),
            by_label[row["label"]],
        )


def edos(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Sexism: categories 1, 2 and 4 are hate, 3 only if it is a slur or insult; 1 is a threat."""
    by_category: dict[str, Labels] = {
        "n": {"hate": 0, "threat": 0},
        "1": {"hate": 1, "threat": 1},
        "2": {"hate": 1, "threat": 0},
        "3": {"threat": 0},
        "4": {"hate": 1, "threat": 0},
    }
    for row in table(files[0]):
        text = row["text"].replace("[USER]", "@user").replace("[URL]", "http://u")
        gendered_slur = row["label_vector"].startswith(("3.1", "3.2"))
        yield text, by_category["2" if gendered_slur else row["label_category"][0]]


def hatemoji(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Hate or not. One type of hate, threatening language, is a threat."""
    for file in files:
        for row in table(file):
            threat = int(row["type"] == "threateninglanguage")
            yield row["text"], {"hate": int(row["label_gold"]), "threat": threat}


def implicit_hate(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Hate, explicit or implicit, or not."""
    for row in table(files[0], "\t"):
        yield row["post"], {"hate": int(row["class"] != "not_hate")}


SPAN_TYPES: Final = {
    "Identity based Attack": "hate",
    "Insult": "insult",
    "Threat": "threat",
    "Profane/Obscene": "offensive",
}
SPAN_SHARE: Final = {"hate": 1 / 3, "insult": 1 / 2, "threat": 1 / 3, "offensive": 1 / 3}
"""The share of a comment's raters who must mark a span for the label 1."""

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+(?=\s|$)|\n|$|[.!?]+)")


def toxic_spans(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Whole comments and their sentences, which are as short as chat and often harmless.

    A label is 1 if enough raters marked a span of that type, 0 if none did, otherwise unknown.
    Comments without any span are left out, because their raters were not asked to find one.
    """
    comments = {row["comment_id"]: row["comment_text"] for row in table(files[0])}
    comment_of: dict[str, str] = {}
    raters: dict[str, int] = defaultdict(int)
    for row in table(files[1]):
        comment_of[row["annotation"]] = row["comment_id"]
        raters[row["comment_id"]] += 1
    marks: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
    for row in table(files[2]):
        start, end = (int(float(row[name] or 0)) for name in ("start", "end"))
        head = SPAN_TYPES.get(row["type"], "")
        marks[comment_of[row["annotation"]]].append((head, row["annotation"], start, end))
    for identity, text in comments.items():
        if not marks.get(identity):
            continue
        cuts = [m.span() for m in _SENTENCE.finditer(text) if len(m.group().split()) > 1]
        for start, end in [(0, len(text)), *(cuts if len(cuts) > 1 else ())]:
            yield (
                text[start:end].strip(),
                _span_labels(marks[identity], raters[identity], start, end),
            )


def _span_labels(
    marks: list[tuple[str, str, int, int]], raters: int, start: int, end: int
) -> Labels:
    labels: Labels = {}
    for head, share in SPAN_SHARE.items():
        who = {rater for kind, rater, s, e in marks if kind == head and s < end and e > start}
        if not who:
            labels[head] = 0
        elif len(who) / raters >= share:
            labels[head] = 1
    return labels


def threatgram101(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Violent or not. The labels are noisy."""
    for row in table(files[0]):
        yield row["text"], {"threat": int(row["label"] == "violent")}


def gab_hate_corpus(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Attacks on dignity (hd) are hate, calls for violence (cv) threats, vulgarity (vo) insults.

    vo means vulgar or offensive towards people.
    """
    for file in files:
        for row in table(file, "\t"):
            dignity, violence, vulgar = (int(row[name]) for name in ("hd", "cv", "vo"))
            labels = {"hate": dignity, "threat": violence}
            if vulgar or not dignity:
                labels["insult"] = vulgar
            yield row["text"], labels


def cad(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Abuse of an identity is hate; abuse of a person or an affiliation is an insult."""
    for file in files:
        for row in table(file, "\t"):
            kinds = row["labels"]
            person = "PersonDirected" in kinds or "AffiliationDirected" in kinds
            hate = int("IdentityDirected" in kinds)
            labels = {"hate": hate}
            if person or not hate:
                labels["insult"] = int(person)
            yield row["text"].replace("[linebreak]", "\n").strip(" ."), labels


_CURSES = frozenset(
    [
        "wtf",
        "ffs",
        "omfg",
        "fuck",
        "fucking",
        "fuckin",
        "fking",
        "fkin",
        "shit",
        "shits",
        "damn",
        "hell",
        "holy",
        "bullshit",
    ]
)
_AT_SOMEBODY = re.compile(
    r"\b(?:u|ur|you|your|youre|urself|yourself|he|his|him|this|they|them|team|off|up)\b",
    re.IGNORECASE,
)


def conda(files: list[Path]) -> Iterator[tuple[str, Labels, str]]:
    """Single messages of Dota 2 chat. The messages of one match share a group.

    In E (explicit) lines, messages with a word marked toxic are insults, unless they only curse at
    nobody in particular; the line's other messages are unknown. A (action) and O (other) lines are
    harmless. I (implicit, mostly "ez") lines are left out, because friends say that too.
    """
    for row in table(files[0]):
        group = f"conda {row['matchId']}"
        for text, toxic in conda_utterances(row):
            if row["intentClass"] in "AO":
                # "go kill", "burst him down": about heroes of the game, so not a threat either.
                yield text, {"insult": 0, "hate": 0, "threat": 0}, group
            elif row["intentClass"] == "E" and (toxic or "[SEPA]" not in row["utterance"]):
                cursing = bool(toxic) and toxic <= _CURSES
                if cursing and not _AT_SOMEBODY.search(text):
                    yield text, {"offensive": 1}, group
                else:
                    yield text, {"insult": 1, **({"offensive": 1} if cursing else {})}, group


def conda_utterances(row: dict[str, str]) -> list[tuple[str, set[str]]]:
    """Return a line's messages, each with the words that annotators marked as toxic."""
    texts = [part.strip() for part in row["utterance"].split("[SEPA]")]
    toxic: list[set[str]] = [set()]
    for cell in row["slotTokens"].rstrip(", ").split("), "):
        word, _, tag = cell.rpartition(" (")
        if tag.strip(" )") == "SEPA":
            toxic.append(set())
        elif tag.strip(" )") == "T":
            toxic[-1].add(word.strip(" ,").lower())
    if len(toxic) != len(texts):
        toxic = [set() for _ in texts]
    return [(text, words) for text, words in zip(texts, toxic, strict=True) if text]


_HOSTILE_EMOTIONS: Final = ("anger", "annoyance", "disgust", "disapproval")


def goemotions(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Comments without a hostile emotion are harmless; others are left out. Some are profane."""
    *parts, names = files
    emotions = names.read_text(encoding="utf-8").split()
    hostile = {str(emotions.index(name)) for name in _HOSTILE_EMOTIONS}
    for part in parts:
        for line in part.read_text(encoding="utf-8").splitlines():
            text, labels, _ = line.split("\t")
            if not hostile & set(labels.split(",")):
                yield text, {"hate": 0, "insult": 0, "threat": 0}


def irc_ubuntu(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Live technical chat, nearly all of it harmless. It shows what "kill the process" means."""
    for line in files[0].read_text(encoding="utf-8").splitlines():
        yield line, dict.fromkeys(HARMS, 0)


def sms_spam(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Private messages that are not spam."""
    for line in files[0].read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition("\t")
        if kind == "ham":
            yield text, {"hate": 0, "insult": 0, "threat": 0}


def ldnoobw(files: list[Path]) -> Iterator[tuple[str, Labels]]:
    """Words from a list of obscene words."""
    for line in files[0].read_text(encoding="utf-8").splitlines():
        yield line, {"offensive": 1}


def texts(files: list[Path]) -> Iterator[tuple[str, Labels, str]]:
    """Return the project's own texts. Their labelling rules are in docs/texts.md."""
    del files
    for row in own_table("chat_texts.tsv"):
        yield row["text"], {head: int(row[head]) for head in HARMS}, row["group"]


_Reader = Callable[[list[Path]], Iterable[tuple[str, Labels] | tuple[str, Labels, str]]]

SOURCES: Final[dict[str, _Reader]] = {
    reader.__name__: reader
    for reader in (
        davidson, dghs, hatexplain, edos, hatemoji, implicit_hate, toxic_spans, threatgram101,
        gab_hate_corpus, cad, conda, goemotions, irc_ubuntu, sms_spam, ldnoobw, texts,
    )
}  # fmt: skip


def load(name: str, data_dir: Path | None) -> list[Row]:
    """Return a source's labelled rows. Raises ``datasets.DatasetError``."""
    files = [] if name == "texts" else locate(name, data_dir)
    rows = []
    for entry in SOURCES[name](files):
        text, labels = entry[0], entry[1]
        if text.strip() and labels:
            group = entry[2] if len(entry) > 2 else near_duplicate_key(text)  # noqa: PLR2004
            rows.append(Row(name, text, labels, group))
    return rows
