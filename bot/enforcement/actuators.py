"""The interface of an actuator, and the actuator of observe mode, which changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from bot.domain import Case, Outcome, Status

DONE: Final = Outcome(Status.DONE)
OBSERVED: Final = Outcome(Status.OBSERVED)


class Actuator(Protocol):
    """Deletes messages and times out members of one server. Returns one outcome for each case.

    Raises ``TemporaryError`` and ``RefusedError``; a failure that is known to be final is an
    outcome. Calling a method again with the same cases is safe: nothing is done twice.
    """

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete messages, which must all be in one channel."""

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time out the author of some messages, which must all have the same author."""


class Observing:
    """Changes nothing. Returns ``OBSERVED`` for each action that it would have carried out."""

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete nothing."""
        return [OBSERVED] * len(cases)

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time out nobody."""
        return [OBSERVED] * len(cases)
