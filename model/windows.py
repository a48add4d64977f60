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
