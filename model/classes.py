"""The classes a message is scored for, in the order every table and file uses."""

from __future__ import annotations

from typing import Final

HARMS: Final = ("hate", "offensive")
"""Classes that thresholds can be set for."""

NEITHER: Final = "neither"
"""What remains when no harm is present; it has a probability but no threshold."""

CLASSES: Final = (*HARMS, NEITHER)
