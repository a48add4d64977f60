"""Score a long text by its worst passage as well as by the whole.

The scale of a text (model/features.py) grows with its length, so a few friendly words around a
threat would take away most of its score. Therefore every window of ``LENGTH`` tokens is scored
too, and the highest score of each head counts. ``MARGIN`` is subtracted from the windows' scores,
because a long text has many windows and each could be a false alarm. docs/lab-notebook.md has the
results for other lengths and margins.
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
"""Subtracted from the linear score of a passage."""


def windows(tokens: int) -> list[tuple[int, int]]:
    """Return the passages of a text as half-open ranges of tokens; none for a short text."""
    if tokens <= LENGTH:
        return []
    starts = [*range(0, tokens - LENGTH, STEP), tokens - LENGTH]
    return [(start, start + LENGTH) for start in starts]


def passages(messages: Sequence[Sequence[T]]) -> Iterator[tuple[int, Sequence[T]]]:
    """Yield every passage of tokenised messages, each with the index of its message."""
    for owner, message in enumerate(messages):
        for start, end in windows(len(message)):
            yield owner, message[start:end]


def raise_to_worst(
    scores: NDArray[np.float64],
    owners: Sequence[int] | NDArray[np.int_],
    found: NDArray[np.float64],
) -> None:
    """Raise ``scores``, in place, to those of each message's worst passage minus the margin.

    ``scores`` has the linear scores of messages, shape (messages, heads), and ``found`` those of
    passages, shape (passages, heads). ``owners`` has the message of each passage, shape (passages,).
    """
    np.maximum.at(scores, owners, found - MARGIN)


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
