"""Training, on a small corpus made here: what it writes, and that it writes the same again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model import artefact, training
from model.classes import CLASSES, HARMS
from model.evaluation import davidson, heldout, plots, suite
from model.features import ChatVectorizer
from model.heads import UNKNOWN
from model.lowered import Lowered
from model.normalise import Normaliser
from model.scorer import Scorer
from model.sources import Row
from model.training import Corpus

SOURCES = ("davidson", "irc_ubuntu", "goemotions", "texts", "conda", "dghs")
NORMALISER = Normaliser.build(("badword",))


def small_corpus() -> Corpus:
    """Return 1,500 texts of made-up words, one bad word a head."""
    chance = np.random.default_rng(0)
    rows = []
    for number in range(1_500):
        labels = {head: int(chance.random() < 0.25) for head in HARMS}
        words = [f"word{chance.integers(40)}" for _ in range(4)]
        words += [f"{head}ish" for head, value in labels.items() if value]
        chance.shuffle(words)
        source = SOURCES[number % len(SOURCES)]
        rows.append(Row(source, " ".join(words), labels, f"group {number}"))
    labels_of = np.array([[row.labels[head] for head in HARMS] for row in rows])
    labels_of[::7, 2] = UNKNOWN
    held = np.array([row.held_out for row in rows])
    tokens = [NORMALISER.tokens(row.text) for row in rows]
    return Corpus(rows, tokens, labels_of, held, ~held)


CORPUS = small_corpus()


def test_heads_learn_what_their_labels_say_and_nothing_else() -> None:
    model = training.fit(CORPUS, NORMALISER, lambda _step: None)
    scored = suite.score(CORPUS, Lowered(model).predict_proba)
    figures = heldout.by_head(CORPUS, scored.probabilities)
    assert all(values["auc"] > 0.95 for values in figures.values())
    row = dict(zip(CLASSES, model.predict_proba(["word1 threatish word2"])[0], strict=True))
    assert row["threat"] > 0.5 > max(row["hate"], row["insult"], row["offensive"])


def test_the_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    rest = {"classes": CLASSES, "data": {}, "metrics": {}, "presets": {}, "golden": {}}
    written = [
        artefact.write(
            tmp_path / str(turn), training.fit(CORPUS, NORMALISER, lambda _step: None), rest
        )
        for turn in range(2)
    ]
    assert written[0].sha256 == written[1].sha256
    assert Scorer.load(tmp_path / "0").version == written[0].version


def test_presets_are_ordered_and_leave_profanity_off() -> None:
    model = training.fit(CORPUS, NORMALISER, lambda _step: None)
    scored = suite.score(CORPUS, Lowered(model).predict_proba)
    presets = heldout.operating_points(CORPUS, scored.probabilities)
    alerts = [presets[name]["hate"]["alert"] or 0 for name in ("strict", "balanced", "observe")]
    assert alerts == sorted(alerts)
    for preset in presets.values():
        assert preset["offensive"] == {"alert": None, "delete": None}
        if preset["hate"]["delete"] is not None:
            assert preset["hate"]["delete"] >= (preset["hate"]["alert"] or 0)
    assert presets["observe"]["hate"]["delete"] is None


def test_the_vectorizer_scales_by_counts_only() -> None:
    vectorizer = ChatVectorizer(NORMALISER, min_count=1).fit(["alpha beta", "beta gamma"])
    matrix = vectorizer.transform(["alpha beta", "", "unknownword"])
    assert matrix.shape[0] == 3
    assert matrix[1].nnz == 0
    twice = vectorizer.transform(["alpha beta alpha beta"])
    assert (twice != matrix[0]).nnz > 0  # one pair more, so another scale


def test_davidson_is_cross_validated_without_its_own_texts_elsewhere() -> None:
    figures = davidson.cross_validate(CORPUS, NORMALISER, lambda _step: None)
    assert figures["macro_f1"] > 0.8
    assert 0 <= figures["hate_average_precision"] <= 1


def test_the_evaluation_draws_its_four_plots(tmp_path: Path) -> None:
    model = training.fit(CORPUS, NORMALISER, lambda _step: None)
    scored = suite.score(CORPUS, Lowered(model).predict_proba)
    drawn = plots.draw(scored, tmp_path / "plots")
    assert sorted(path.stem for path in drawn) == [
        "calibration",
        "cost",
        "fire-rate",
        "precision-recall",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
