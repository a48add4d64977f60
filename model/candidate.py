"""From a fitted pipeline to the artefact in use: operating points, gates, record."""

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
from model.passages import LENGTH, MARGIN, STEP
from model.training import Tell

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
"""Texts and which alarms they must raise at the balanced preset. Plain words only: these stand in
the manifest that everybody downloads."""

NOISE: Final = 0.01
"""A head's average precision may fall by so much below the artefact in use."""

BENIGN_LIMIT: Final = 0.0065
"""Fire rate on benign chat that the balanced preset may reach on texts its thresholds never saw:
the 5 of 1,000 they were set to, and two standard deviations of a sample of that size."""


class GateError(Exception):
    """A candidate is not good enough; the artefact in use was left in place."""


def train(folder: Path, runs: Path, data_dir: Path | None, tell: Tell) -> artefact.Manifest:
    """Train, judge, and put the candidate in place of the artefact in ``folder`` if it passes.

    A record of the run is written into ``runs`` whether or not it does, and to MLflow where
    MLFLOW_TRACKING_URI is set. Raises ``datasets.DatasetError`` and ``GateError``.
    """
    corpus, normaliser = training.read_corpus(data_dir, tell)
    pipeline = training.fit(corpus, normaliser, tell)
    predict = Lowered(pipeline).predict_proba
    judged = suite.judge(corpus, predict)
    presets = heldout.operating_points(corpus, judged.probabilities)
    metrics = _metrics(judged, presets)
    golden = dict(zip(GOLDEN, predict(list(GOLDEN)).tolist(), strict=True))
    failures = gates(folder, metrics, golden, presets)
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
            f"the candidate {manifest.version} was not put in place:\n"
            + "\n".join(f"  {failure}" for failure in failures)
            + f"\nIt lies in {staged}, its record in {runs}."
        )
    artefact.move(staged, folder)
    return manifest


def data_hashes() -> dict[str, str]:
    """Return the SHA-256 of every file that training reads."""
    hashes = {
        path: digest for dataset in REGISTRY.values() for path, digest in dataset.files.items()
    }
    own = tables.DATA / "chat_texts.tsv"
    return {**hashes, own.name: artefact.digest_of(own.read_bytes())}


def _metrics(judged: suite.Judged, presets: artefact.Presets) -> dict[str, float]:
    found = {
        f"{head} {name}": value
        for head, values in heldout.by_head(judged.corpus, judged.probabilities).items()
        for name, value in values.items()
    }
    at = heldout.at_preset(judged.corpus, judged.probabilities, presets["balanced"])
    return {name: round(value, 5) for name, value in {**found, **at}.items()}


def gates(
    folder: Path,
    metrics: dict[str, float],
    golden: dict[str, list[float]],
    presets: artefact.Presets,
) -> list[str]:
    """Return what is wrong with a candidate, nothing if it may replace the artefact in use."""
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
                f"golden text {text!r} raises {', '.join(sorted(fired)) or 'no alarm'} instead of "
                f"{', '.join(sorted(expected)) or 'none'}"
            )
    rate = metrics["alert benign, all"]
    if rate > BENIGN_LIMIT:
        failures.append(f"fires on {rate:.4f} of benign chat, more than {BENIGN_LIMIT}")
    before = _metrics_in_use(folder)
    for head in HARMS:
        name = f"{head} average_precision"
        if name in before and metrics[name] < before[name] - NOISE:
            failures.append(f"{name} falls from {before[name]:.4f} to {metrics[name]:.4f}")
    return failures


def _metrics_in_use(folder: Path) -> dict[str, float]:
    try:
        return artefact.read_manifest(folder).metrics
    except artefact.ArtefactError:
        # None, or one that this version could not serve anyway: nothing to be worse than.
        return {}


def parameters() -> dict[str, Any]:
    """Return what a run depends on beside its data."""
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
    """Write down a run; also to MLflow, which must be installed, where its address is set."""
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
            "MLFLOW_TRACKING_URI is set but MLflow is not installed: pip install "
            "'.[mlflow]', or unset it."
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
