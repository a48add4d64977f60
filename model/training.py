"""Training: load every source, fit the heads, calibrate them, prune, and write the artefact."""

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
from model.passages import ByPassage, passages
from model.sources import Row

C: Final = 1.0
"""Inverse strength of the L2 penalty; 4 and 0.25 rank within noise of it."""

FEATURES: Final = 200_000
"""How many features are kept, the strongest; further ones add size and no average precision."""

CALIBRATION_FOLDS: Final = 2

HIDDEN_SEEN, HIDDEN_SHARE = 8, 0.4
"""A word is worth looking for behind stars if so many training texts with it, and such a share of
them, are harmful."""

MISSPELT_PARTS: Final = {
    "texts": 1, "conda": 3, "davidson": 4, "hatexplain": 4, "dghs": 8, "irc_ubuntu": 8,
    "goemotions": 8, "sms_spam": 4,
}  # fmt: skip
"""One row in so many of these sources is learnt a second time with its words misspelt."""

MISSPELT_WEIGHT: Final = 0.5
"""What a misspelt copy counts beside its original."""


AT_ONCE: Final = 50_000
"""Passages whose features are held in memory together."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All rows of all sources as parallel sequences.

    ``labels`` has shape (rows, heads) with 0, 1 or ``UNKNOWN``; ``held_out`` and ``trained`` are
    boolean of shape (rows,). A training row whose near-duplicate is held out is neither.
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
    """Return the words that people hide: those that mostly stand in harmful texts, commonest first.

    From the training rows and the word list instead of from the source code: nobody who reads the
    code must read them.
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


def read_corpus(data_dir: Path | None, tell: Tell) -> tuple[Corpus, Normaliser]:
    """Load and tokenise every source; raises ``datasets.DatasetError``."""
    datasets.check((name for name in sources.SOURCES if name in datasets.REGISTRY), data_dir)
    rows: list[Row] = []
    for name in sources.SOURCES:
        loaded = sources.load(name, data_dir)
        tell(f"{name}: {len(loaded):,} texts")
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
    # Short greetings are everywhere; a longer text that is held out must not be learnt elsewhere.
    kept_apart = {
        key
        for key, held in zip(keys, held_out, strict=True)
        if held and key.count(" ") > 2  # noqa: PLR2004
    }
    leaking = np.array([key in kept_apart for key in keys])
    corpus = Corpus(rows, tokens, labels, held_out, ~held_out & ~leaking)
    return corpus, normaliser


def fit(corpus: Corpus, normaliser: Normaliser, tell: Tell) -> ByPassage:
    """Fit features and heads on the training rows and return the pruned, calibrated pipeline."""
    plain = np.flatnonzero(corpus.trained)
    spoilt = misspelt(corpus, plain)
    chosen = np.concatenate([plain, [index for index, _ in spoilt]])
    messages = [corpus.tokens[int(index)] for index in plain]
    messages += [normaliser.tokens(text) for _, text in spoilt]
    vectorizer = ChatVectorizer(normaliser).fit_tokens(messages)
    tell(f"{len(chosen):,} training texts, {len(vectorizer.keys_):,} features")
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
        # On texts as they were written: misspelt ones are no tenth of any chat.
        known = np.flatnonzero(labels[: len(plain), head] != UNKNOWN)
        calibrating[known, head] = _as_held_out(corpus, head, source[known])

    def features_of_passages() -> Iterator[tuple[Any, NDArray[np.int_]]]:
        owned = list(passages(messages[: len(plain)]))
        for at in range(0, len(owned), AT_ONCE):
            part = owned[at : at + AT_ONCE]
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
        tell=tell,
    )
    return ByPassage([("features", vectorizer.restricted(heads.columns_)), ("heads", heads)])


def misspelt(corpus: Corpus, chosen: NDArray[np.int_]) -> list[tuple[int, str]]:
    """Return misspelt copies of some training rows: each row's index and its spoilt text.

    What the normaliser cannot undo (a letter dropped, two swapped, an l for an I) the n-grams have
    to recognise, and harmless texts are spoilt alike, so that being garbled is no sign of abuse.
    """
    found = []
    for index in chosen:
        row = corpus.rows[index]
        parts = MISSPELT_PARTS.get(row.source, 0)
        ways = len(attacks.LEARNT)
        if parts and (number := sources.bucket(f"misspelt {row.text}", parts * ways)) < ways:
            name = attacks.LEARNT[number]
            found.append((int(index), attacks.attacked([row.text], name, seed=number)[0]))
    return found


def _as_held_out(corpus: Corpus, head: int, training: NDArray[np.str_]) -> Floats:
    """Return row weights that give the training rows the sources' shares among the held-out ones.

    Without them the probabilities would be right for a mix of sources that nobody ever meets.
    """
    held = corpus.source[corpus.held_out & (corpus.labels[:, head] != UNKNOWN)]
    wanted, present = Counter(held.tolist()), Counter(training.tolist())
    return np.array([wanted[name] / present[name] for name in training.tolist()])
