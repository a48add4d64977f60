"""The current time according to Discord, because this machine's clock may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

log = structlog.stdlib.get_logger(__name__)

TOLERANCE: Final = timedelta(days=1)
"""Nothing is erased while this machine's clock differs from Discord's by more than this."""


class Clock:
    """This machine's clock, corrected by the time that Discord reports."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._told = False

    def told(self, at: datetime) -> None:
        """Set the time from the ``Date`` header of a response by Discord (accurate to a second)."""
        ahead = at - datetime.now(UTC)
        if abs(ahead) > TOLERANCE >= abs(self._ahead):
            log.error(
                "clock is wrong, erasing paused until it is right",
                seconds_behind_discord=round(ahead.total_seconds()),
            )
        self._ahead, self._told = ahead, True

    def seen(self, at: datetime) -> None:
        """Note the time of an id that Discord made: it is at least this late now."""
        if at > self.now():
            self.told(at)

    def now(self) -> datetime:
        """Return the time at Discord, or this machine's time if Discord has not been heard yet."""
        return datetime.now(UTC) + self._ahead

    def agrees(self) -> bool:
        """Return whether Discord's time is known and within ``TOLERANCE`` of this machine's."""
        return self._told and abs(self._ahead) <= TOLERANCE
