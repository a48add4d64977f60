"""The function from a head's linear score to a probability, which training fits and serving reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PLATT_SHARE: Final = 0.05
"""The share of a logistic curve that is mixed into the isotonic one.

An isotonic curve has plateaus, where different scores get the same probability. The mixture is
strictly increasing.
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A strictly increasing function from a linear score to a probability.

    Isotonic regression (Zadrozny and Elkan, KDD 2002) through the points ``x``, ``y``, mixed with
    Platt's logistic curve (1999), which has ``slope`` and ``offset``.
    """

    x: Floats = field(repr=False)
    y: Floats = field(repr=False)
    slope: float
    offset: float

    def __call__(self, scores: Floats) -> Floats:
        """Return probabilities, 0 to 1, of the shape of ``scores``."""
        logistic = 1 / (1 + np.exp(-(self.slope * scores + self.offset)))
        stepped = np.interp(scores, self.x, self.y)
        result: Floats = (1 - PLATT_SHARE) * stepped + PLATT_SHARE * logistic
        return result
