"""Render the figures as Markdown tables."""

from __future__ import annotations

from typing import Any

from model.classes import HARMS
from model.evaluation.markdown import table


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
            "Presets: share of texts that are alerted on or deleted",
            (
                "held-out texts",
                *(f"{name} {kind}" for name in figures["presets"] for kind in ("alert", "delete")),
            ),
            _preset_rows(figures["presets"]),
        ),
        _table(
            "Explicit lines of unseen game chat, at 5 false alarms in 1,000 benign messages",
            ("lines", "recall, line as one text", "recall, highest of its messages"),
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
    return f"### {title}\n\n{table(header, rows)}\n"
