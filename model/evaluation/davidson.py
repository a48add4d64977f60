"""Cross-validate on the davidson dataset, to compare with published figures.

davidson has three exclusive classes, which differ from our heads. So this is a separate model over
the same features. It stacks two kinds of scores: one-vs-rest logistic regressions with naive Bayes
weights (Wang and Manning, ACL 2012), and the linear scores of heads that are fitted on all other
sources. The stack is a multinomial regression on out-of-fold scores, with class offsets for
macro-F1. Everything, including the offsets, is chosen inside the training part of each fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from model import sources
from model.classes import HARMS
from model.features import ChatVectorizer
from model.heads import UNKNOWN, Floats, fit_linear, fit_rows
from model.normalise import Normaliser
from model.training import C, Corpus, Progress

FOLDS, INNER_FOLDS = 5, 4
NAMES: Final = ("hate", "offensive", "neither")
MEMBERS: Final = ((0.0, 3.0), (0.5, 2.0), (1.0, 3.0))
"""For each regression of a class: the power of the naive Bayes ratio, and C."""

STACK_C: Final = 0.1

HATE_SOURCES: Final = (
    ("dghs", "hatemoji"),
    ("hatexplain",),
    ("gab_hate_corpus", "cad"),
    ("implicit_hate",),
    ("toxic_spans",),
    ("edos",),
)
"""Sources define hate differently, so each group gets a head and the stack weighs them."""


def cross_validate(corpus: Corpus, normaliser: Normaliser, progress: Progress) -> dict[str, float]:
    """Return macro-F1, the F1 of each class and the average precision of hate, all out of fold."""
    mine = np.flatnonzero(corpus.source == "davidson")
    labels = _three_classes(corpus.labels[mine])
    groups = [sources.near_duplicate_key(corpus.rows[int(index)].text) for index in mine]
    outside = _outside_scores(corpus, normaliser, mine, set(groups), progress)
    messages = [corpus.tokens[int(index)] for index in mine]

    predicted = np.empty(len(mine), dtype=int)
    hate = np.empty(len(mine))
    outer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for number, (train, test) in enumerate(outer.split(mine, labels, groups), start=1):
        vectorizer = ChatVectorizer(normaliser, min_count=2)
        vectorizer.fit_tokens([messages[index] for index in train])
        features = vectorizer.transform_tokens(messages)
        inner = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=1)
        parts = [
            (train[learn], train[check])
            for learn, check in inner.split(train, labels[train], [groups[i] for i in train])
        ]
        scored = Parallel(n_jobs=-1)(
            delayed(_members)(features, labels, learn, check)
            for learn, check in [*parts, (train, test)]
        )
        own = np.zeros((len(mine), scored[0].shape[1]))
        for (_, check), part in zip(parts, scored, strict=False):
            own[check] = part
        own[test] = scored[-1]
        stacked = np.hstack([own, outside])
        logs = _stack(stacked[train], labels[train], stacked)
        offsets = _offsets(logs[train], labels[train])
        predicted[test] = (logs[test] + offsets).argmax(axis=1)
        hate[test] = logs[test, 0]
        progress(f"davidson: fold {number} of {FOLDS}")
    each = f1_score(labels, predicted, average=None)
    return {
        "macro_f1": float(each.mean()),
        **{f"{name}_f1": float(value) for name, value in zip(NAMES, each, strict=True)},
        "hate_average_precision": float(average_precision_score(labels == 0, hate)),
    }


def _three_classes(labels: NDArray[np.int_]) -> NDArray[np.int_]:
    hate, offensive = labels[:, HARMS.index("hate")], labels[:, HARMS.index("offensive")]
    return np.where(hate == 1, 0, np.where(offensive == 1, 1, 2))


def _outside_scores(
    corpus: Corpus,
    normaliser: Normaliser,
    mine: NDArray[np.int_],
    own_texts: set[str],
    progress: Progress,
) -> Floats:
    """Return linear scores of davidson's texts from heads that saw neither them nor duplicates."""
    others = np.array(
        [
            row.source != "davidson" and sources.near_duplicate_key(row.text) not in own_texts
            for row in corpus.rows
        ]
    )
    rows = np.flatnonzero(others)
    messages = [corpus.tokens[int(index)] for index in rows]
    vectorizer = ChatVectorizer(normaliser).fit_tokens(messages)
    features = vectorizer.transform_tokens(messages).astype(np.float32)
    asked = vectorizer.transform_tokens([corpus.tokens[int(index)] for index in mine])
    source, labels = corpus.source[rows], corpus.labels[rows]
    weights = np.array([sources.WEIGHTS.get(name, 1.0) for name in source])
    jobs: list[tuple[NDArray[np.int_], NDArray[np.int_]]] = [
        (np.flatnonzero(labels[:, head] != UNKNOWN), labels[:, head]) for head in range(len(HARMS))
    ]
    for names in HATE_SOURCES:
        chosen = np.isin(source, (*names, "goemotions", "irc_ubuntu")) & (labels[:, 0] != UNKNOWN)
        jobs.append((np.flatnonzero(chosen), labels[:, 0]))
    progress(f"davidson: {len(jobs)} heads on the other sources")
    fitted = Parallel(n_jobs=-1)(
        delayed(fit_rows)(features, wanted, weights, chosen, C) for chosen, wanted in jobs
    )
    return np.column_stack([asked @ part[:-1] + part[-1] for part in fitted])


def _members(
    features: sparse.csr_matrix,
    labels: NDArray[np.int_],
    learn: NDArray[np.int_],
    check: NDArray[np.int_],
) -> Floats:
    """Return the scores of every regression of every class, shape (test rows, regressions)."""
    columns = []
    equal = np.ones(len(learn))
    for power, c in MEMBERS:
        for number in range(len(NAMES)):
            wanted = (labels[learn] == number).astype(int)
            scale = sparse.diags(_ratio(features[learn], wanted) ** power)
            part = fit_linear(features[learn] @ scale, wanted, equal, c)
            columns.append(features[check] @ scale @ part[:-1] + part[-1])
    return np.column_stack(columns)


def _ratio(features: Any, labels: NDArray[np.int_]) -> Floats:  # noqa: ANN401
    """Return each feature's absolute log-count ratio between the two classes, smoothed by 1."""
    inside = 1 + np.asarray(features[labels == 1].sum(axis=0)).ravel()
    beyond = 1 + np.asarray(features[labels == 0].sum(axis=0)).ravel()
    ratio: Floats = np.abs(np.log(inside / inside.sum()) - np.log(beyond / beyond.sum()))
    return ratio


def _stack(features: Floats, labels: NDArray[np.int_], asked: Floats) -> Floats:
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    model = LogisticRegression(C=STACK_C, tol=1e-5, max_iter=500)
    model.fit((features - mean) / deviation, labels)
    logs: Floats = model.predict_log_proba((asked - mean) / deviation)
    return logs


def _offsets(logs: Floats, labels: NDArray[np.int_]) -> Floats:
    """Return offsets for the log probabilities, found by coordinate ascent on macro-F1."""
    best = np.zeros(len(NAMES))
    reached = _macro_f1(logs + best, labels)
    for step in (0.5, 0.2, 0.1, 0.05):
        for number, sign in [(n, s) for _ in range(4) for n in (0, 2) for s in (-step, step)]:
            tried = best.copy()
            tried[number] += sign
            if (value := _macro_f1(logs + tried, labels)) > reached + 1e-5:
                best, reached = tried, value
    return best


def _macro_f1(scores: Floats, labels: Sequence[int] | NDArray[np.int_]) -> float:
    return float(f1_score(labels, scores.argmax(axis=1), average="macro"))
