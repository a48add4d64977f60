"""The evaluation metrics."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from model.heads import Floats

BINS: Final = 10


def calibration_error(probabilities: Floats, labels: NDArray[np.int_]) -> float:
    """Return the expected calibration error over ``BINS`` equal bins, 0 to 1.

    This is the mean distance between predicted probability and observed share, weighted by the
    number of texts in each bin (Naeini, Cooper, Hauskrecht, AAAI 2015).
    """
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    error = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            gap = abs(probabilities[inside].mean() - labels[inside].mean())
            error += float(inside.mean() * gap)
    return error


def threshold_at(scores: Floats, rate: float) -> float:
    """Return the lowest threshold, to four decimals, reached by at most a ``rate`` of scores."""
    allowed = int(rate * len(scores))
    highest = np.sort(scores)[::-1]
    if allowed >= len(highest):
        return 0.0
    # Just above the first score that must stay below.
    return round(float(min(np.floor(highest[allowed] * 1e4) / 1e4 + 1e-4, 1.0)), 4)


def ranking(scores: Floats, labels: NDArray[np.int_]) -> dict[str, float]:
    """Return AUC and average precision, or an empty dict if all labels are the same."""
    if len(np.unique(labels)) == 1:
        return {}
    return {
        "auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
    }
