"""Train a candidate, check it against the gates, and install it if it passes."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy
import sklearn

from model import artefact, sources, tables, training
from model.classes import CLASSES, HARMS
from model.datasets import REGISTRY
from model.evaluation import heldout, suite
from model.lowered import Lowered
from model.training import Progress
from model.windows import LENGTH, MARGIN, STEP

GOLDEN: Final[dict[str, frozenset[str]]] = {
    "": frozenset(),
    "thanks, that fixed it for me": frozenset(),
    "kill the process and restart it": frozenset(),
    "nice kill, bomb site A is clear": frozenset(),
    "this update is fucking great": frozenset(),
    "my muslim neighbour makes great baklava": frozenset(),
    "you are a pathetic idiot and everyone here is sick of you": frozenset({"insult"}),
    "i will find you and break your legs": frozenset({"threat"}),
    "all immigrants are filthy animals": frozenset({"hate"}),
}
"""Texts, and the alarms they must raise at the balanced preset.

Plain words only: they are part of the manifest, which everybody downloads.
"""

NOISE: Final = 0.01
"""How far a head's average precision may fall below that of the artefact in use."""

BENIGN_LIMIT: Final = 0.0065
"""Highest fire rate of the balanced preset on benign chat that was not used to set its thresholds.

It is the target of 5 in 1,000 plus two standard deviations of a sample of that size.
"""


class GateError(Exception):
    """A candidate failed a gate. The artefact in use was not changed."""


def train(folder: Path, runs: Path, data_dir: Path | None, progress: Progress) -> artefact.Manifest:
    """Train a candidate and, if it passes the gates, install it in ``folder``.

    Always writes a record of the run into ``runs``, and also to MLflow if MLFLOW_TRACKING_URI is
    set. Raises ``datasets.DatasetError`` and ``GateError``.
    """
    corpus, normaliser = training.read_corpus(data_dir, progress)
    pipeline = training.fit(corpus, normaliser, progress)
    predict = Lowered(pipeline).predict_proba
    scored = suite.score(corpus, predict)
    presets = heldout.operating_points(corpus, scored.probabilities)
    metrics = _metrics(scored, presets)
    golden = dict(zip(GOLDEN, predict(list(GOLDEN)).tolist(), strict=True))
    failures = failed_gates(folder, metrics, golden, presets)
    staged = runs / "candidate"
    manifest = artefact.write(
        staged,
        pipeline,
        {
            "classes": CLASSES,
            "data": data_hashes(),
            "metrics": metrics,
            "presets": presets,
            "golden": {text: dict(zip(CLASSES, row, strict=True)) for text, row in golden.items()},
        },
    )
    record(runs, manifest, failures)
    if failures:
        raise GateError(
            f"the candidate {manifest.version} was not installed:\n"
            + "\n".join(f"  {failure}" for failure in failures)
            + f"\nThe candidate is in {staged}, the record of the run in {runs}."
        )
    artefact.install(staged, folder)
    return manifest


def data_hashes() -> dict[str, str]:
    """Return the SHA-256 of every file that training reads."""
    hashes = {
        path: digest for dataset in REGISTRY.values() for path, digest in dataset.files.items()
    }
    own = tables.DATA / "chat_texts.tsv"
    return {**hashes, own.name: artefact.digest_of(own.read_bytes())}


def _metrics(scored: suite.ScoredCorpus, presets: artefact.Presets) -> dict[str, float]:
    found = {
        f"{head} {name}": value
        for head, values in heldout.by_head(scored.corpus, scored.probabilities).items()
        for name, value in values.items()
    }
    at = heldout.at_preset(scored.corpus, scored.probabilities, presets["balanced"])
    return {name: round(value, 5) for name, value in {**found, **at}.items()}


def failed_gates(
    folder: Path,
    metrics: dict[str, float],
    golden: dict[str, list[float]],
    presets: artefact.Presets,
) -> list[str]:
    """Return one sentence for each gate that the candidate fails; an empty list if it passes."""
    failures = []
    balanced = presets["balanced"]
    for text, expected in GOLDEN.items():
        row = golden[text]
        fired = {
            head
            for index, head in enumerate(HARMS)
            if (limit := balanced[head]["alert"]) is not None and row[index] >= limit
        }
        if bool(fired) != bool(expected) or not expected <= fired:
            failures.append(
                f"golden text {text!r} raises {', '.join(sorted(fired)) or 'no alarm'}, expected "
                f"{', '.join(sorted(expected)) or 'no alarm'}"
            )
    rate = metrics["alert benign, all"]
    if rate > BENIGN_LIMIT:
        failures.append(f"fire rate on benign chat is {rate:.4f}, the limit is {BENIGN_LIMIT}")
    before = _metrics_in_use(folder)
    for head in HARMS:
        name = f"{head} average_precision"
        if name in before and metrics[name] < before[name] - NOISE:
            failures.append(f"{name} fell from {before[name]:.4f} to {metrics[name]:.4f}")
    return failures


def _metrics_in_use(folder: Path) -> dict[str, float]:
    try:
        return artefact.read_manifest(folder).metrics
    except artefact.ArtefactError:
        # No artefact, or one that this version cannot use: there is nothing to compare with.
        return {}


def parameters() -> dict[str, Any]:
    """Return everything a run depends on, apart from its data."""
    return {
        "C": training.C,
        "features": training.FEATURES,
        "calibration_folds": training.CALIBRATION_FOLDS,
        "misspelt_parts": training.MISSPELT_PARTS,
        "misspelt_weight": training.MISSPELT_WEIGHT,
        "source_weights": sources.WEIGHTS,
        "passages": {"length": LENGTH, "step": STEP, "margin": MARGIN},
        "python": platform.python_version(),
        "scikit_learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def record(runs: Path, manifest: artefact.Manifest, failures: list[str]) -> Path:
    """Write the record of a run and return its path.

    Also logs it to MLflow if MLFLOW_TRACKING_URI is set. Raises ``GateError`` if it is set but
    MLflow is not installed.
    """
    document = {
        "version": manifest.version,
        "parameters": parameters(),
        "data": manifest.data,
        "metrics": manifest.metrics,
        "presets": manifest.presets,
        "failed_gates": failures,
    }
    runs.mkdir(parents=True, exist_ok=True)
    path = runs / f"{manifest.version}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if os.environ.get("MLFLOW_TRACKING_URI"):
        _to_mlflow(document)
    return path


def _to_mlflow(document: dict[str, Any]) -> None:
    try:
        import mlflow  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise GateError(
            "MLFLOW_TRACKING_URI is set but MLflow is not installed. Run "
            "`pip install '.[mlflow]'`, or unset MLFLOW_TRACKING_URI."
        ) from error
    mlflow.set_experiment("bellwether")
    with mlflow.start_run(run_name=document["version"]):
        mlflow.log_params(
            {name: json.dumps(value) for name, value in document["parameters"].items()}
        )
        mlflow.log_metrics(
            {name.replace(",", ""): value for name, value in document["metrics"].items()}
        )
        mlflow.log_dict(document, "record.json")
