"""What time it is at Discord: this machine's clock can be wrong, and much is decided by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

log = structlog.stdlib.get_logger(__name__)

TOLERANCE: Final = timedelta(days=1)
"""A clock that is further off than this must not decide what is erased."""


class Clock:
    """This machine's clock, corrected by what Discord says."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._told = False

    def told(self, at: datetime) -> None:
        """Take over the time at Discord, as an answer's ``Date`` says it, to the second."""
        ahead = at - datetime.now(UTC)
        if abs(ahead) > TOLERANCE >= abs(self._ahead):
            log.error(
                "this machine's clock is wrong, nothing is erased until it is right",
                seconds_behind_discord=round(ahead.total_seconds()),
            )
        self._ahead, self._told = ahead, True

    def seen(self, at: datetime) -> None:
        """Take it from an id that it is at least this late at Discord."""
        if at > self.now():
            self.told(at)

    def now(self) -> datetime:
        """Return the time at Discord, as far as it is known."""
        return datetime.now(UTC) + self._ahead

    def agrees(self) -> bool:
        """Return whether Discord has said the time, and this machine's clock is about right."""
        return self._told and abs(self._ahead) <= TOLERANCE
