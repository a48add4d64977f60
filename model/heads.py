"""The heads: one for each class, a linear score that is calibrated to a probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from model.calibration import Calibration
from model.classes import CLASSES, HARMS
from model.windows import raise_to_worst

Floats = NDArray[np.float64]

UNKNOWN: Final = -1
"""The label of a row whose source says nothing about that class."""

LEVELS: Final = 127
"""Weights are stored as integers from -127 to 127, with one scale for each head."""


def fit_linear(features: Any, labels: NDArray[np.int_], weights: Floats, c: float) -> Floats:  # noqa: ANN401
    """Fit a logistic regression and return its weights, with the intercept at the end."""
    # At the default tolerance, L-BFGS stops long before the ranking stops improving.
    model = LogisticRegression(C=c, tol=1e-5, max_iter=300)
    model.fit(features, labels, sample_weight=weights)
    return np.append(model.coef_[0], model.intercept_[0])


def fit_rows(
    features: Any,  # noqa: ANN401
    labels: NDArray[np.int_],
    weights: Floats,
    rows: NDArray[Any],
    c: float,
) -> Floats:
    """Fit a logistic regression to ``rows``, which are indices or a boolean mask."""
    return fit_linear(features[rows], labels[rows], weights[rows], c)


def _strongest(features: Any, weights: Floats, keep: int) -> NDArray[np.int_]:  # noqa: ANN401
    """Return the sorted columns of the ``keep`` features that change scores most.

    Features are ranked by their largest weight in any head. Rare features count for less, because
    their weights are less certain.
    """
    seen = np.bincount(features.indices, minlength=features.shape[1])
    size = np.sqrt(features.multiply(features).sum(axis=0).A1 / np.maximum(seen, 1))
    strength = np.abs(weights).max(axis=0) * size * np.minimum(seen, 30) ** 0.25
    return np.sort(np.argsort(-strength, kind="stable")[:keep])


def _unseen_scores(
    features: Any,  # noqa: ANN401
    folds: NDArray[np.int_],
    fits: Mapping[Any, Floats],
) -> Floats:
    """Return out-of-fold linear scores, shape (rows, heads)."""
    scores = np.zeros((len(folds), len(HARMS)))
    for part, fitted in fits.items():
        rows = folds == part
        scores[rows] = features[rows] @ fitted[:, :-1].T + fitted[:, -1]
    return scores


def fit_calibration(scores: Floats, labels: NDArray[np.int_], weights: Floats) -> Calibration:
    """Fit a calibration to scores of rows that the head was not trained on. All arguments: shape (rows,)."""
    # Three decimals are enough: a finer curve would only store noise.
    rounded = np.round(scores, 3)
    isotonic = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0)
    isotonic.fit(rounded, labels, sample_weight=weights)
    platt = LogisticRegression(C=1e4).fit(scores[:, None], labels, sample_weight=weights)
    return Calibration(
        isotonic.X_thresholds_.astype(np.float32).astype(np.float64),
        isotonic.y_thresholds_.astype(np.float32).astype(np.float64),
        float(platt.coef_[0, 0]),
        float(platt.intercept_[0]),
    )


class Heads(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """All heads over one feature matrix, as a scikit-learn classifier.

    ``predict_proba`` has a column for each of ``CLASSES``. Its rows do not add up to 1, because a
    message can be several things at once.

    Fitted attributes: ``levels_``, the integer weights, int8 of shape (heads, features);
    ``scale_`` and ``intercept_``, shape (heads,); ``calibrations_``, one for each head;
    ``columns_``, the features that were kept.
    """

    def __init__(self, c: float = 1.0, keep: int = 200_000) -> None:
        self.c = c
        self.keep = keep
        self.classes_ = np.array(CLASSES)

    def fit(
        self,
        features: Any,  # noqa: ANN401
        labels: NDArray[np.int_],
        *,
        sample_weight: Floats,
        folds: NDArray[np.int_],
        calibration_weight: Floats,
        scale: Floats,
        passages: Callable[[], Iterator[tuple[Any, NDArray[np.int_]]]] = lambda: iter(()),
        progress: Callable[[str], None] = lambda _step: None,
    ) -> Self:
        """Fit, prune and calibrate every head.

        features: sparse, shape (rows, features).
        labels: 0, 1 or ``UNKNOWN``, shape (rows, heads). A head skips rows that are unknown to it.
        sample_weight: the weight of each row when fitting, shape (rows,).
        folds: the fold of each row, shape (rows,). Calibration uses out-of-fold scores.
        calibration_weight: the weight of each row when calibrating, shape (rows, heads); 0 leaves
            it out.
        scale: the factor that each column was multiplied by, shape (features,). It is folded into
            the weights, because serving does not apply it.
        passages: yields features of passages and the row of each, in batches. Scores are calibrated
            the way texts are scored (model/passages.py).
        """
        # Each head is fitted once on everything, for use, and once without each fold.
        parts = (None, *np.unique(folds).tolist())
        jobs = [(head, part) for head in range(len(HARMS)) for part in parts]
        results = Parallel(n_jobs=-1, return_as="generator")(
            delayed(fit_rows)(
                features,
                labels[:, head],
                sample_weight,
                (folds != part) & (labels[:, head] != UNKNOWN),
                self.c,
            )
            for head, part in jobs
        )
        fits = {}
        for (head, part), result in zip(jobs, results, strict=True):
            fits[head, part] = result
            progress(f"{HARMS[head]}: fitted" + ("" if part is None else f" without fold {part}"))

        weights = np.vstack([fits[head, None] for head in range(len(HARMS))])
        self.columns_ = _strongest(features, weights[:, :-1], self.keep)
        # Pruning changes scores slightly, so calibration comes after it.
        kept = np.append(self.columns_, features.shape[1])
        pruned = features[:, self.columns_]
        unseen = {
            part: np.vstack([fits[head, part][kept] for head in range(len(HARMS))])
            for part in parts[1:]
        }
        out_of_fold = _unseen_scores(pruned, folds, unseen)
        for found, owners in passages():
            theirs = _unseen_scores(found[:, self.columns_], folds[owners], unseen)
            raise_to_worst(out_of_fold, owners, theirs)
        self.calibrations_ = []
        for head in range(len(HARMS)):
            scores = out_of_fold[:, head]
            counts = calibration_weight[:, head]
            used = counts > 0
            self.calibrations_.append(
                fit_calibration(scores[used], labels[used, head], counts[used])
            )
        coefficients = weights[:, self.columns_] * scale[self.columns_]
        self.scale_ = np.abs(coefficients).max(axis=1) / LEVELS
        self.levels_ = np.round(coefficients / self.scale_[:, None]).astype(np.int8)
        self.intercept_ = weights[:, -1]
        return self

    @property
    def coefficients(self) -> Floats:
        """The weights as floats, shape (heads, features)."""
        result: Floats = self.levels_ * self.scale_[:, None]
        return result

    def decision_function(self, features: Any) -> Floats:  # noqa: ANN401
        """Return linear scores, shape (rows, heads)."""
        result: Floats = np.asarray(features @ self.coefficients.T) + self.intercept_
        return result

    def predict_proba(self, features: Any) -> Floats:  # noqa: ANN401
        """Return probabilities, shape (rows, classes)."""
        return self.calibrated(self.decision_function(features))

    def calibrated(self, scores: Floats) -> Floats:
        """Return probabilities for linear scores of shape (rows, heads)."""
        out = np.empty((len(scores), len(CLASSES)))
        for index in range(len(HARMS)):
            out[:, index] = self.calibrations_[index](scores[:, index])
        out[:, -1] = 1 - out[:, :-1].max(axis=1)
        return out
