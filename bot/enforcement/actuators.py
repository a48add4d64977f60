"""What carries actions out: an actuator, and the observing one that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from bot.domain import Case, Outcome, Status

DONE: Final = Outcome(Status.DONE)
OBSERVED: Final = Outcome(Status.OBSERVED)


class Actuator(Protocol):
    """Carries out one kind of action on some messages of one server and says how each ended.

    Raises ``TryAgainError`` and ``RefusedError``; what is known to be final is an outcome. Another attempt with
    the same cases does nothing twice.
    """

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete messages, all of one channel."""

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time out the author of some messages, one author's."""


class Observing:
    """Records what would have been done, and leaves everything as it is."""

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Leave the messages where they are."""
        return [OBSERVED] * len(cases)

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Let the author write on."""
        return [OBSERVED] * len(cases)
