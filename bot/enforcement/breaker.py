"""A circuit breaker, which pauses requests that Discord keeps refusing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from bot.domain import Outcome, Status

REFUSALS: Final = 5
REFUSALS_IN_A_SERVER: Final = 20
"""In all channels together, because somebody could open one thread after another."""
PAUSE_SECONDS: Final = 300.0
"""How long requests of that kind are paused there after too many refusals in a row."""


class Breaker:
    """Counts consecutive refusals of one kind of request in one channel or server.

    Discord bans an IP address after 10,000 refused requests in ten minutes. One busy server with a
    missing permission could cause that many.
    """

    def __init__(
        self, seconds: Callable[[], float] = time.monotonic, refusals: int = REFUSALS
    ) -> None:
        self._seconds = seconds
        self._refusals = refusals
        self._in_a_row = 0
        self._paused_until = 0.0

    def open(self) -> bool:
        """Return whether requests are paused."""
        return self._seconds() < self._paused_until

    def idle(self) -> bool:
        """Return whether there is nothing to remember, so that the breaker can be discarded."""
        return self._in_a_row == 0 and not self.open()

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Count one request by its outcomes. A success resets the count."""
        if any(outcome.status is not Status.FAILED for outcome in outcomes):
            self._in_a_row = 0
        elif any(_refused(outcome) for outcome in outcomes):
            self._in_a_row += 1
        if self._in_a_row >= self._refusals:
            self._paused_until = self._seconds() + PAUSE_SECONDS
            self._in_a_row = 0


def _refused(outcome: Outcome) -> bool:
    return outcome.note is not None and outcome.note.key == "failed.refused"
