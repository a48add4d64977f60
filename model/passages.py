"""A text is as bad as its worst passage: in a long one, an insult is a few words among many.

The scale of a text (model/features.py) grows with its length, so that ten friendly words around a
threat took most of its score away. So every window of ``LENGTH`` tokens is scored as well, less
``MARGIN``: many windows have more chances to be wrong than one text. The highest score of each
head counts. docs/classifier.md has what other lengths and margins did.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

LENGTH: Final = 10
STEP: Final = 5
MARGIN: Final = 0.75
"""In units of the linear score."""


def windows(tokens: int) -> list[tuple[int, int]]:
    """Return the passages of so many tokens as half-open ranges, none where the text is one."""
    if tokens <= LENGTH:
        return []
    starts = [*range(0, tokens - LENGTH, STEP), tokens - LENGTH]
    return [(start, start + LENGTH) for start in starts]


class ByPassage(Pipeline):  # type: ignore[misc]
    """Features and heads as scikit-learn's pipeline, scoring passages beside the whole text."""

    def decision_function(self, X: list[str], **params: object) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Return linear scores, shape (texts, heads)."""
        del params
        features, heads = self.named_steps["features"], self.named_steps["heads"]
        messages = [features.normaliser.tokens(text) for text in X]
        scores: NDArray[np.float64] = heads.decision_function(features.transform_tokens(messages))
        passages = [
            (owner, message[start:end])
            for owner, message in enumerate(messages)
            for start, end in windows(len(message))
        ]
        if passages:
            found = features.transform_tokens(tokens for _, tokens in passages)
            owners = [owner for owner, _ in passages]
            np.maximum.at(scores, owners, heads.decision_function(found) - MARGIN)
        return scores

    def predict_proba(self, X: list[str], **params: object) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities, shape (texts, classes)."""
        del params
        result: NDArray[np.float64] = self.named_steps["heads"].calibrated(
            self.decision_function(X)
        )
        return result
