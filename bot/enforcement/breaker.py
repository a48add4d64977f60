"""A circuit breaker: what Discord refuses again and again is not asked for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from bot.domain import Outcome, Status

REFUSALS: Final = 5
REFUSALS_IN_A_SERVER: Final = 20
"""Whatever the channel: somebody could open thread after thread."""
PAUSE_SECONDS: Final = 300.0
"""After so many refusals in a row nothing of the kind is asked for so long in that place."""


class Breaker:
    """Counts refused requests in a row, of one kind in one channel.

    10,000 refused requests in ten minutes get the whole address banned, and a busy server with a
    permission missing could make them alone.
    """

    def __init__(
        self, seconds: Callable[[], float] = time.monotonic, refusals: int = REFUSALS
    ) -> None:
        self._seconds = seconds
        self._refusals = refusals
        self._in_a_row = 0
        self._paused_until = 0.0

    def open(self) -> bool:
        """Return whether nothing is to be asked just now."""
        return self._seconds() < self._paused_until

    def idle(self) -> bool:
        """Return whether it remembers nothing."""
        return self._in_a_row == 0 and not self.open()

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Count one request by its outcomes; any that succeeded begins anew."""
        if any(outcome.status is not Status.FAILED for outcome in outcomes):
            self._in_a_row = 0
        elif any(_refused(outcome) for outcome in outcomes):
            self._in_a_row += 1
        if self._in_a_row >= self._refusals:
            self._paused_until = self._seconds() + PAUSE_SECONDS
            self._in_a_row = 0


def _refused(outcome: Outcome) -> bool:
    return outcome.note is not None and outcome.note.key == "failed.refused"
