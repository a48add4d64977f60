"""Draw the figures as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve

from model.classes import ALARMS, HARMS
from model.evaluation import heldout
from model.evaluation.suite import ScoredCorpus
from model.heads import UNKNOWN

COLOURS: Final = dict(zip(HARMS, ("#c1121f", "#e07a1f", "#5f0f40", "#3a6ea5"), strict=True))
MISSED: Final = 1.0
FALSE_ALARM: Final = 1.0
"""The cost of one wrong decision of each kind."""


def draw(scored: ScoredCorpus, folder: Path) -> list[Path]:
    """Write four plots into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, draw in (
        ("precision-recall", _precision_recall),
        ("calibration", _calibration),
        ("fire-rate", _fire_rate),
        ("cost", _cost),
    ):
        figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
        draw(scored, axes)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=130)
        plt.close(figure)
        drawn.append(path)
    return drawn


def _known(scored: ScoredCorpus, head: str) -> tuple[Any, Any]:
    index = HARMS.index(head)
    rows = scored.corpus.held_out & (scored.corpus.labels[:, index] != UNKNOWN)
    return scored.corpus.labels[rows, index], scored.probabilities[rows, index]


def _precision_recall(scored: ScoredCorpus, axes: Any) -> None:  # noqa: ANN401
    for head in HARMS:
        precision, recall, _ = precision_recall_curve(*_known(scored, head))
        axes.plot(recall, precision, color=COLOURS[head], label=head)
    axes.set(xlabel="recall", ylabel="precision", title="Held-out texts", ylim=(0, 1.02))


def _calibration(scored: ScoredCorpus, axes: Any) -> None:  # noqa: ANN401
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    for head in HARMS:
        share, stated = calibration_curve(*_known(scored, head), n_bins=10)
        axes.plot(stated, share, "o-", markersize=4, color=COLOURS[head], label=head)
    axes.set(xlabel="predicted probability", ylabel="observed share", title="Calibration, held out")


def _fire_rate(scored: ScoredCorpus, axes: Any) -> None:  # noqa: ANN401
    alarms = len(ALARMS)
    highest = scored.probabilities[:, :alarms].max(axis=1)
    chat = np.sort(highest[heldout.benign(scored.corpus)])[::-1]
    rates = np.geomspace(1e-4, 0.1, 80)
    limits = chat[np.minimum((rates * len(chat)).astype(int), len(chat) - 1)]
    for index, head in enumerate(ALARMS):
        rows = scored.corpus.held_out & (scored.corpus.labels[:, index] == 1)
        recall = [(highest[rows] > limit).mean() for limit in limits]
        axes.plot(rates * 1000, recall, color=COLOURS[head], label=head)
    axes.axvline(5, color="grey", linewidth=0.8)
    axes.set(
        xscale="log",
        xlabel="false alarms in 1,000 benign chat messages",
        ylabel="recall",
        title="Recall by false alarms",
        ylim=(0, 1),
    )


def _cost(scored: ScoredCorpus, axes: Any) -> None:  # noqa: ANN401
    limits = np.linspace(0, 1, 101)
    for head in HARMS:
        labels, scores = _known(scored, head)
        cost = [
            MISSED * ((scores < limit) & (labels == 1)).sum()
            + FALSE_ALARM * ((scores >= limit) & (labels == 0)).sum()
            for limit in limits
        ]
        axes.plot(limits, 1000 * np.array(cost) / len(labels), color=COLOURS[head], label=head)
    axes.set(
        xlabel="threshold",
        ylabel="wrong decisions in 1,000 texts",
        title="Cost, if a miss and a false alarm count the same",
    )
