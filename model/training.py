"""Load every source and fit a pipeline on the training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model import attacks, datasets, sources
from model.classes import HARMS
from model.features import ChatVectorizer
from model.heads import UNKNOWN, Floats, Heads
from model.normalise import Normaliser
from model.passages import ByPassage
from model.sources import Row
from model.windows import passages

C: Final = 1.0
"""Inverse strength of the L2 penalty. 4 and 0.25 rank equally well, within noise."""

FEATURES: Final = 200_000
"""The number of features that are kept, the strongest. More add size but no average precision."""

CALIBRATION_FOLDS: Final = 2

HIDDEN_SEEN, HIDDEN_SHARE = 8, 0.4
"""A word counts as hidden if at least this many training texts with it, and at least this share of
all texts with it, are harmful."""

MISSPELT_PARTS: Final = {
    "texts": 1, "conda": 3, "davidson": 4, "hatexplain": 4, "dghs": 8, "irc_ubuntu": 8,
    "goemotions": 8, "sms_spam": 4,
}  # fmt: skip
"""One row in this many, by source, is added to the training rows a second time, misspelt."""

MISSPELT_WEIGHT: Final = 0.5
"""The weight of a misspelt copy, relative to its original."""

PASSAGES_AT_ONCE: Final = 50_000
"""The features of this many passages are held in memory at a time."""

Progress = Callable[[str], None]
"""Called with a line of text after each step."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All rows of all sources, as parallel sequences.

    ``labels`` has 0, 1 or ``UNKNOWN``, shape (rows, heads). ``held_out`` and ``trained`` are boolean
    masks, shape (rows,). A row with a near-duplicate among the held-out rows is in neither.
    """

    rows: Sequence[Row]
    tokens: Sequence[Sequence[str]]
    labels: NDArray[np.int_]
    held_out: NDArray[np.bool_]
    trained: NDArray[np.bool_]
    source: NDArray[np.str_] = field(init=False)
    """The source of each row, shape (rows,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", np.array([row.source for row in self.rows]))


def hidden_words(rows: Sequence[Row], tokens: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return words that occur mostly in harmful texts, which people hide. The commonest come first.

    They are taken from the training rows, so that nobody has to read them in the source code.
    """
    seen: Counter[str] = Counter()
    harmful: Counter[str] = Counter()
    for row, message in zip(rows, tokens, strict=True):
        if row.held_out:
            continue
        words = {token for token in message if token.isalpha() and token.isascii()}
        seen.update(words)
        if any(row.labels.values()):
            harmful.update(words)
    found = [
        word
        for word, count in harmful.items()
        if len(word) > 3 and count >= HIDDEN_SEEN and count >= HIDDEN_SHARE * seen[word]  # noqa: PLR2004
    ]
    return tuple(sorted(found, key=lambda word: (-harmful[word], word)))


def read_corpus(data_dir: Path | None, progress: Progress) -> tuple[Corpus, Normaliser]:
    """Load and tokenise every source. Raises ``datasets.DatasetError``."""
    datasets.check((name for name in sources.SOURCES if name in datasets.REGISTRY), data_dir)
    rows: list[Row] = []
    for name in sources.SOURCES:
        loaded = sources.load(name, data_dir)
        progress(f"{name}: {len(loaded):,} texts")
        rows += loaded
    first = Normaliser.build()
    hidden = hidden_words(rows, [first.tokens(row.text) for row in rows])
    normaliser = first.with_hidden(hidden)
    tokens = [normaliser.tokens(row.text) for row in rows]
    labels = np.full((len(rows), len(HARMS)), UNKNOWN)
    for index, row in enumerate(rows):
        for head, value in row.labels.items():
            labels[index, HARMS.index(head)] = value
    held_out = np.array([row.held_out for row in rows])
    keys = [sources.near_duplicate_key(row.text) for row in rows]
    # A held-out text must not be in another source's training rows. Short greetings are in all.
    kept_apart = {
        key
        for key, held in zip(keys, held_out, strict=True)
        if held and key.count(" ") > 2  # noqa: PLR2004
    }
    leaking = np.array([key in kept_apart for key in keys])
    corpus = Corpus(rows, tokens, labels, held_out, ~held_out & ~leaking)
    return corpus, normaliser


def fit(corpus: Corpus, normaliser: Normaliser, progress: Progress) -> ByPassage:
    """Return a pruned and calibrated pipeline, fitted on the training rows."""
    plain = np.flatnonzero(corpus.trained)
    misspelt_rows = misspelt(corpus, plain)
    chosen = np.concatenate([plain, [index for index, _ in misspelt_rows]])
    messages = [corpus.tokens[int(index)] for index in plain]
    messages += [normaliser.tokens(text) for _, text in misspelt_rows]
    vectorizer = ChatVectorizer(normaliser).fit_tokens(messages)
    progress(f"{len(chosen):,} training texts, {len(vectorizer.keys_):,} features")
    features = vectorizer.transform_tokens(messages).astype(np.float32)
    labels = corpus.labels[chosen]
    source = corpus.source[chosen]
    weights = np.array([sources.WEIGHTS.get(name, 1.0) for name in source])
    weights[len(plain) :] *= MISSPELT_WEIGHT
    folds = np.array(
        [sources.bucket(f"fold {corpus.rows[index].group}", CALIBRATION_FOLDS) for index in chosen]
    )

    calibrating = np.zeros(labels.shape)
    for head in range(len(HARMS)):
        # Calibrate on original texts only: no real chat has that many misspelt ones.
        known = np.flatnonzero(labels[: len(plain), head] != UNKNOWN)
        calibrating[known, head] = _weights_as_held_out(corpus, head, source[known])

    def features_of_passages() -> Iterator[tuple[Any, NDArray[np.int_]]]:
        owned = list(passages(messages[: len(plain)]))
        for at in range(0, len(owned), PASSAGES_AT_ONCE):
            part = owned[at : at + PASSAGES_AT_ONCE]
            found = vectorizer.transform_tokens(tokens for _, tokens in part)
            yield found, np.array([owner for owner, _ in part])

    heads = Heads(C, FEATURES).fit(
        features,
        labels,
        sample_weight=weights,
        folds=folds,
        calibration_weight=calibrating,
        scale=vectorizer.idf_,
        passages=features_of_passages,
        progress=progress,
    )
    return ByPassage([("features", vectorizer.restricted(heads.columns_)), ("heads", heads)])


def misspelt(corpus: Corpus, chosen: NDArray[np.int_]) -> list[tuple[int, str]]:
    """Return misspelt copies of some training rows: the index of each row and its misspelt text.

    They teach the n-grams what the normaliser cannot undo: a dropped letter, two swapped ones, an l
    for an I. Harmless texts are misspelt too, so that a misspelling is not taken for abuse.
    """
    found = []
    for index in chosen:
        row = corpus.rows[index]
        parts = MISSPELT_PARTS.get(row.source, 0)
        ways = len(attacks.TRAINED_ON)
        if parts and (number := sources.bucket(f"misspelt {row.text}", parts * ways)) < ways:
            name = attacks.TRAINED_ON[number]
            found.append((int(index), attacks.apply([row.text], name, seed=number)[0]))
    return found


def _weights_as_held_out(corpus: Corpus, head: int, training: NDArray[np.str_]) -> Floats:
    """Return row weights that give each source the same share as among the held-out rows.

    Without them, probabilities would be calibrated for a mix of sources that never occurs.
    """
    held = corpus.source[corpus.held_out & (corpus.labels[:, head] != UNKNOWN)]
    wanted, present = Counter(held.tolist()), Counter(training.tolist())
    return np.array([wanted[name] / present[name] for name in training.tolist()])
