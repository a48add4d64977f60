"""A text is as bad as its worst passage: in a long one, an insult is a few words among many.

The scale of a text (model/features.py) grows with its length, so that ten friendly words around a
threat took most of its score away. So every window of ``LENGTH`` tokens is scored as well, less
``MARGIN``: many windows have more chances to be wrong than one text. The highest score of each
head counts. docs/classifier.md has what other lengths and margins did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

T = TypeVar("T")

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


def passages(messages: Sequence[Sequence[T]]) -> Iterator[tuple[int, Sequence[T]]]:
    """Yield the passages of messages that are tokens, each with the index of its message."""
    for owner, message in enumerate(messages):
        for start, end in windows(len(message)):
            yield owner, message[start:end]


def raise_to_worst(
    scores: NDArray[np.float64],
    owners: Sequence[int] | NDArray[np.int_],
    found: NDArray[np.float64],
) -> None:
    """Raise, in place, the linear scores of messages to those of their worst passages.

    ``scores`` has shape (messages, heads), ``found`` (passages, heads), ``owners`` (passages,).
    """
    np.maximum.at(scores, owners, found - MARGIN)


class ByPassage(Pipeline):  # type: ignore[misc]
    """Features and heads as scikit-learn's pipeline, scoring passages beside the whole text."""

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
