"""The figures on held-out rows: each head, each source, the fire rate on benign chat."""

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
"""Of how many benign chat messages a preset's alerts and deletions fire, all heads together.

The promise for balanced deletions is 2 of 10,000; they are set at half of it, because so small a
rate is read off a handful of texts, and the other half must keep the promise too.
"""

DELETED: Final = {"observe": (), "balanced": ("hate", "threat"), "strict": ALARMS}
"""What a preset deletes. An insult is for a moderator to judge, unless they chose to be strict: in
game chat the surest "insult" of all is a bare "noob"."""

LIVE_CHAT: Final = ("irc_ubuntu", "texts", "conda")
"""Where deletions are set: goemotions' labels are too noisy to find two in ten thousand with."""


def benign(corpus: Corpus, names: tuple[str, ...] = sources.BENIGN_SOURCES) -> NDArray[np.bool_]:
    """Return which held-out rows are harmless chat: no hate, insult or threat, swearing or not."""
    alarming = (corpus.labels[:, : len(ALARMS)] == 1).any(axis=1)
    unknown = corpus.labels[:, 1] == UNKNOWN
    result: NDArray[np.bool_] = (
        corpus.held_out & np.isin(corpus.source, names) & ~alarming & ~unknown
    )
    return result


def halves(corpus: Corpus) -> NDArray[np.bool_]:
    """Return a fixed half of the rows, by group: thresholds are set on it, judged on the other."""
    return np.array([sources.bucket(f"half {row.group}", 2) == 0 for row in corpus.rows])


def operating_points(corpus: Corpus, probabilities: Floats) -> Presets:
    """Return the presets: thresholds that fire on as many benign messages as is allowed.

    ``probabilities`` has shape (rows, classes). All alarming heads share one threshold: they are
    calibrated, so a probability means the same in each, and equal marginal precision is what
    gets most recall out of a budget of false alarms.
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
    """Return for each head AUC, average precision and calibration error on all held-out rows."""
    out = {}
    for index, head in enumerate(HARMS):
        known = corpus.held_out & (corpus.labels[:, index] != UNKNOWN)
        labels, scores = corpus.labels[known, index], probabilities[known, index]
        out[head] = ranking(scores, labels) | {
            "calibration_error": calibration_error(scores, labels)
        }
    return out


def by_source(corpus: Corpus, probabilities: Floats) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each head and each source with both labels AUC and average precision."""
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
    """Return fire rates on benign chat and recall on harmful rows, judged on the second half."""
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
