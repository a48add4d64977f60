"""Figures on held-out rows: by head, by source, and the fire rate on benign chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model import sources
from model.artefact import Presets
from model.classes import ALARMS, HARMS
from model.evaluation.measures import calibration_error, ranking, threshold_at
from model.heads import UNKNOWN, Floats
from model.training import Corpus

ALERT_RATES: Final = {"observe": 0.002, "balanced": 0.005, "strict": 0.015}
DELETE_RATES: Final = {"observe": None, "balanced": 0.0001, "strict": 0.0008}
"""The share of benign chat messages that a preset may alert on and delete, all heads together.

The limit for balanced deletions is 2 in 10,000. The target is half of that, because so small a rate
is estimated from a handful of texts, and it must hold on unseen texts too.
"""

DELETED: Final = {"observe": (), "balanced": ("hate", "threat"), "strict": ALARMS}
"""The classes that a preset deletes.

Balanced leaves insults to moderators: in game chat, the highest-scoring "insult" is a bare "noob".
"""

LIVE_CHAT: Final = ("irc_ubuntu", "texts", "conda")
"""Sources used to set deletion thresholds. goemotions' labels are too noisy for such low rates."""


def benign(corpus: Corpus, names: tuple[str, ...] = sources.BENIGN_SOURCES) -> NDArray[np.bool_]:
    """Return a mask of the held-out rows that are harmless: no hate, insult or threat.

    They may contain profanity.
    """
    alarming = (corpus.labels[:, : len(ALARMS)] == 1).any(axis=1)
    unknown = corpus.labels[:, 1] == UNKNOWN
    result: NDArray[np.bool_] = (
        corpus.held_out & np.isin(corpus.source, names) & ~alarming & ~unknown
    )
    return result


def halves(corpus: Corpus) -> NDArray[np.bool_]:
    """Return a mask of the half that thresholds are set on. They are measured on the other half.

    It depends on the hash of a row's group only.
    """
    return np.array([sources.bucket(f"half {row.group}", 2) == 0 for row in corpus.rows])


def operating_points(corpus: Corpus, probabilities: Floats) -> Presets:
    """Return the presets: the lowest thresholds that stay within the allowed rates.

    ``probabilities`` has shape (rows, classes). All alarm classes share one threshold. Their
    probabilities are calibrated, and equal marginal precision gives the highest recall for a given
    number of false alarms.
    """
    first = halves(corpus)
    highest = probabilities[:, : len(ALARMS)].max(axis=1)
    chat, live = benign(corpus), benign(corpus, LIVE_CHAT)
    presets: Presets = {}
    for name, rate in ALERT_RATES.items():
        alert = threshold_at(highest[chat & first], rate)
        delete_rate, deleted = DELETE_RATES[name], DELETED[name]
        delete = None
        if delete_rate is not None:
            columns = [HARMS.index(head) for head in deleted]
            worst = probabilities[live & first][:, columns].max(axis=1)
            delete = max(threshold_at(worst, delete_rate), alert)
        presets[name] = {
            head: {
                "alert": alert if head in ALARMS else None,
                "delete": delete if head in deleted else None,
            }
            for head in HARMS
        }
    return presets


def by_head(corpus: Corpus, probabilities: Floats) -> dict[str, dict[str, float]]:
    """Return the AUC, average precision and calibration error of each head on held-out rows."""
    out = {}
    for index, head in enumerate(HARMS):
        known = corpus.held_out & (corpus.labels[:, index] != UNKNOWN)
        labels, scores = corpus.labels[known, index], probabilities[known, index]
        out[head] = ranking(scores, labels) | {
            "calibration_error": calibration_error(scores, labels)
        }
    return out


def by_source(corpus: Corpus, probabilities: Floats) -> dict[str, dict[str, dict[str, float]]]:
    """Return AUC and average precision by head and source, for sources that have both labels."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for index, head in enumerate(HARMS):
        for name in sources.SOURCES:
            known = corpus.held_out & (corpus.source == name) & (corpus.labels[:, index] != UNKNOWN)
            if known.any() and (
                figures := ranking(probabilities[known, index], corpus.labels[known, index])
            ):
                out.setdefault(head, {})[name] = figures | {"rows": float(known.sum())}
    return out


def at_preset(
    corpus: Corpus, probabilities: Floats, preset: Mapping[str, Mapping[str, float | None]]
) -> dict[str, float]:
    """Return fire rates on benign chat of the second half, and recall on harmful rows."""
    second = ~halves(corpus)
    out: dict[str, float] = {}
    for kind in ("alert", "delete"):
        limits = [preset[head][kind] for head in ALARMS]
        fired = np.zeros(len(corpus.rows), dtype=bool)
        for index, limit in enumerate(limits):
            if limit is not None:
                fired |= probabilities[:, index] >= limit
        for name in (*sources.BENIGN_SOURCES, "conda"):
            out[f"{kind} benign {name}"] = _share(fired, benign(corpus, (name,)) & second)
        out[f"{kind} benign, all"] = _share(fired, benign(corpus) & second)
        swearing = benign(corpus, ("texts",)) & (corpus.labels[:, HARMS.index("offensive")] == 1)
        out[f"{kind} benign friendly profanity"] = _share(fired, swearing)
        for index, head in enumerate(ALARMS):
            harmful = corpus.held_out & (corpus.labels[:, index] == 1)
            out[f"{kind} recall {head}"] = _share(fired, harmful)
            for name in ("texts", "conda"):
                chosen = harmful & (corpus.source == name)
                if chosen.any():
                    out[f"{kind} recall {head}, {name}"] = _share(fired, chosen)
    return out


def _share(fired: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(fired[among].mean()) if among.any() else 0.0
