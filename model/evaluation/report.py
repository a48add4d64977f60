"""Render the figures as Markdown tables and as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

COLOURS = dict(zip(HARMS, ("#c1121f", "#e07a1f", "#5f0f40", "#3a6ea5"), strict=True))
MISSED = 1.0
FALSE_ALARM = 1.0


def markdown(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    parts = [
        _table(
            "Heads, all held-out texts",
            ("head", "AUC", "average precision", "calibration error"),
            [
                (
                    head,
                    f"{v['auc']:.3f}",
                    f"{v['average_precision']:.3f}",
                    f"{v['calibration_error']:.4f}",
                )
                for head, v in figures["heads"].items()
            ],
        ),
        _table(
            "Presets: share of texts that lead to an alert or a deletion",
            (
                "on held-out",
                *(f"{name} {kind}" for name in figures["presets"] for kind in ("alert", "delete")),
            ),
            _preset_rows(figures["presets"]),
        ),
        _table(
            "Explicit lines of unseen game chat, where 5 of 1,000 benign messages fire",
            ("lines", "recall, line as one text", "recall, its messages one by one"),
            [
                (
                    f"{figures['game_chat']['lines']:.0f}",
                    f"{figures['game_chat']['recall_line']:.3f}",
                    f"{figures['game_chat']['recall_utterance']:.3f}",
                )
            ],
        ),
        _table(
            "Under attack, balanced preset",
            ("attack", "alarms kept on toxic texts", "fire rate on benign chat"),
            [
                (name, f"{v['recall_kept']:.3f}", f"{v['benign_fire_rate']:.4f}")
                for name, v in figures["evasion"].items()
            ],
        ),
        _table(
            f"Functional suite, balanced preset: {figures['functional']['passed']} of "
            f"{figures['functional']['cases']} cases",
            ("function", "passed", "of"),
            [
                (name, str(passed), str(total))
                for name, (passed, total) in sorted(figures["functional"]["functions"].items())
            ],
        ),
        _table(
            "Each source by head (held-out AUC / average precision)",
            ("source", *HARMS),
            [
                (name, *(_pair(figures["sources"].get(head, {}).get(name)) for head in HARMS))
                for name in sorted({n for values in figures["sources"].values() for n in values})
            ],
        ),
    ]
    if "davidson" in figures:
        values = figures["davidson"]
        parts.insert(
            1,
            _table(
                "davidson, grouped 5-fold",
                ("macro-F1", "F1 hate", "F1 offensive", "F1 neither", "average precision, hate"),
                [
                    tuple(
                        f"{values[name]:.3f}"
                        for name in (
                            "macro_f1", "hate_f1", "offensive_f1", "neither_f1",
                            "hate_average_precision",
                        )
                    )
                ],
            ),
        )  # fmt: skip
    return "\n".join(parts)


def _pair(values: dict[str, float] | None) -> str:
    return "–" if values is None else f"{values['auc']:.3f} / {values['average_precision']:.3f}"


def _preset_rows(presets: dict[str, Any]) -> list[tuple[str, ...]]:
    names = sorted(
        {key.split(" ", 1)[1] for v in presets.values() for key in v if key != "thresholds"},
        key=lambda name: (not name.startswith("benign"), name),
    )
    rows = [
        (
            "threshold",
            *(_limit(presets[p]["thresholds"], k) for p in presets for k in ("alert", "delete")),
        )
    ]
    for name in names:
        cells = []
        for preset in presets.values():
            for kind in ("alert", "delete"):
                off = preset["thresholds"]["hate"][kind] is None
                cells.append("–" if off else f"{preset[f'{kind} {name}']:.4f}")
        rows.append((name, *cells))
    return rows


def _limit(thresholds: dict[str, dict[str, float | None]], kind: str) -> str:
    value = thresholds["hate"][kind]
    return "off" if value is None else f"{value:.3f}"


def _table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [
        f"### {title}",
        "",
        f"| {' | '.join(header)} |",
        "|---" * len(header) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def pictures(scored: ScoredCorpus, folder: Path) -> list[Path]:
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
    axes.set(xlabel="stated probability", ylabel="share that is", title="Calibration, held out")


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
        xlabel="alarms in 1,000 benign chat messages",
        ylabel="recall",
        title="What a false-alarm budget buys",
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
        title="Cost, a miss counting as much as a false alarm",
    )
