"""A scikit-learn pipeline that scores a text by its worst passage; ``model.windows`` says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from model.windows import passages, raise_to_worst


class ByPassage(Pipeline):  # type: ignore[misc]
    """A scikit-learn pipeline of features and heads that also scores passages."""

    def decision_function(self, X: list[str], **params: object) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Return linear scores, shape (texts, heads)."""
        del params
        features, heads = self.named_steps["features"], self.named_steps["heads"]
        messages = [features.normaliser.tokens(text) for text in X]
        scores: NDArray[np.float64] = heads.decision_function(features.transform_tokens(messages))
        owned = list(passages(messages))
        if owned:
            found = features.transform_tokens(tokens for _, tokens in owned)
            owners = [owner for owner, _ in owned]
            raise_to_worst(scores, owners, heads.decision_function(found))
        return scores

    def predict_proba(self, X: list[str], **params: object) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities, shape (texts, classes)."""
        del params
        result: NDArray[np.float64] = self.named_steps["heads"].calibrated(
            self.decision_function(X)
        )
        return result
