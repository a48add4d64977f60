"""Training: load the data, cross-validate, fit on everything, write the artefact and its card."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from model import artefact, datasets
from model.classes import CLASSES
from model.pipeline import build

FOLDS = 5
SEED = 0

# Plain words only: these texts stand in the manifest that everybody downloads.
GOLDEN = (
    "thanks, that fixed it for me",
    "you are all worthless and should leave this country",
    "damn that was a good game",
    "",
)


def cross_validate(
    data: datasets.LabelledTexts, tell: Callable[[str], None]
) -> NDArray[np.float64]:
    """Return out-of-fold probabilities, shape (texts, classes).

    Folds are stratified by class and keep every group of near-duplicates on one side.
    """
    texts = np.asarray(data.texts, dtype=object)
    labels = np.asarray(data.labels)
    out = np.zeros((len(texts), len(CLASSES)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for number, (train, test) in enumerate(folds.split(texts, labels, data.groups), start=1):
        started = time.perf_counter()
        model = build(labels[train]).fit(texts[train], labels[train])
        out[test] = model.predict_proba(texts[test])
        tell(f"fold {number} of {FOLDS}: {time.perf_counter() - started:.1f} s")
    return out


def measure(labels: NDArray[np.int_], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Return macro-F1, each class's F1 (by the most probable class) and average precision."""
    predicted = probabilities.argmax(axis=1)
    each = f1_score(labels, predicted, average=None)
    metrics = {"macro_f1": float(f1_score(labels, predicted, average="macro"))}
    for index, name in enumerate(CLASSES):
        metrics[f"{name}_f1"] = float(each[index])
        metrics[f"{name}_average_precision"] = float(
            average_precision_score(labels == index, probabilities[:, index])
        )
    return {name: round(value, 4) for name, value in metrics.items()}


def train(folder: Path, data_dir: Path | None, tell: Callable[[str], None]) -> artefact.Manifest:
    """Train on davidson and write artefact, manifest and model card into ``folder``.

    Raises ``datasets.DatasetError``; nothing is written then.
    """
    data = datasets.load_davidson(data_dir)
    labels = np.asarray(data.labels)
    tell(f"{len(labels):,} texts in {len(set(data.groups)):,} groups")
    metrics = measure(labels, cross_validate(data, tell))
    tell("fitting on all texts")
    model = build(data.labels).fit(np.asarray(data.texts, dtype=object), labels)
    golden = {
        text: dict(zip(CLASSES, row, strict=True))
        for text, row in zip(GOLDEN, model.predict_proba(GOLDEN).tolist(), strict=True)
    }
    return artefact.write(
        folder,
        model,
        {
            "classes": CLASSES,
            "data": {datasets.DAVIDSON.path: datasets.DAVIDSON.sha256},
            "metrics": metrics,
            "golden": golden,
        },
        card(data, metrics),
    )


def card(data: datasets.LabelledTexts, metrics: dict[str, float]) -> str:
    """Return the model card; ``{version}`` in it is filled in when the artefact is written."""
    counts = np.bincount(data.labels)
    rows = "\n".join(
        f"| {name} | {counts[index]:,} | {metrics[f'{name}_f1']:.3f} "
        f"| {metrics[f'{name}_average_precision']:.3f} |"
        for index, name in enumerate(CLASSES)
    )
    source = datasets.DAVIDSON
    return f"""# Model card

Version `{{version}}`. Written by `bellwether train`; do not edit by hand.

## What it is
Word 1-2 and character 2-5 gram TF-IDF with logistic regression over three classes. It reads
English tweets best, because it was trained on nothing else.

## Data
| class | texts |  F1 | average precision |
|---|---|---|---|
{rows}

Macro-F1 **{metrics["macro_f1"]:.3f}**, by the most probable class. All figures are out-of-fold:
{FOLDS}-fold cross-validation in which near-duplicates (texts alike but for URLs, mentions, "RT",
case and punctuation) never stand on both sides.

Source: {source.citation}. Licence: {source.licence}.
<{source.url}>, SHA-256 `{source.sha256}`.

## What it must not be used for
Its scores are a reason for a person to look, not a verdict on a person. It knows tweets of
2017 in English; other languages, quotation, counter-speech and friendly profanity are scored
badly. No message from any Discord server was or may be used to train it.
"""
