"""Waiting for a database that cannot be written just now: locked, or on a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from bot.store.ports import StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

WAITS: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds between attempts; the last one repeats for as long as it takes."""


class Patience:
    """Repeats writes until the database takes them, and knows whether it does.

    There is no giving up: what is not written would be lost, and memory holds it meanwhile. The
    log tells of an outage once when it begins and once when it ends.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the database cannot be written now, ``None`` while it can."""

    async def until_written(self, write: Callable[[], Awaitable[T]], what: str) -> T:
        """Repeat ``write`` until the database takes it."""
        attempt = 0
        while True:
            try:
                done = await write()
            except StoreUnavailableError as error:
                if self.reason is None:
                    log.error("cannot write, trying on", what=what, reason=str(error))  # noqa: TRY400 - the reason says all
                self.reason = str(error)
                await asyncio.sleep(WAITS[min(attempt, len(WAITS) - 1)])
                attempt += 1
            else:
                if self.reason is not None:
                    log.info("writing again", what=what)
                    self.reason = None
                return done
