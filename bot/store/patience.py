"""Retries writes while the database is locked or its disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from bot.store.ports import StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

WAITS: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds between attempts. The last one repeats until the write succeeds."""


class Patience:
    """Repeats writes until they succeed.

    It never gives up, because unwritten data would be lost; until then the data stays in memory.
    An outage is logged once when it begins and once when it ends.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the last write failed, or ``None`` if it succeeded."""

    async def until_written(self, write: Callable[[], Awaitable[T]], what: str) -> T:
        """Repeat ``write`` until it succeeds. ``what`` names the data in the log."""
        attempt = 0
        while True:
            try:
                done = await write()
            except StoreUnavailableError as error:
                if self.reason is None:
                    log.error("write failed, retrying", what=what, reason=str(error))  # noqa: TRY400 - the reason says all
                self.reason = str(error)
                await asyncio.sleep(WAITS[min(attempt, len(WAITS) - 1)])
                attempt += 1
            else:
                if self.reason is not None:
                    log.info("writing resumed", what=what)
                    self.reason = None
                return done
