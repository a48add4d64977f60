"""What to try again: Discord could not be reached, or was asked too often; the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from bot.store.ports import StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

RETRY_SECONDS: Final = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Waits between attempts while Discord cannot be reached; the last one repeats until it can."""


class TryAgainError(Exception):
    """Something outside failed in a way that passes by itself."""


class RefusedError(Exception):
    """Discord refuses something, and would refuse it again."""


PASSING: Final = (TryAgainError, StoreUnavailableError)


async def patiently(what: str, act: Callable[[], Awaitable[T]]) -> T:
    """Repeat an action until it can be done; raises what would be refused again."""
    attempt = 0
    while True:
        try:
            return await act()
        except PASSING as error:
            wait = wait_after(attempt)
            log.warning("put off", what=what, reason=str(error), wait_seconds=wait)
            attempt += 1
            await asyncio.sleep(wait)


def wait_after(attempt: int) -> float:
    """Return how many seconds to wait after an attempt, counted from 0."""
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
