"""Retry what failed for a temporary reason: Discord unreachable, a rate limit, a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from bot.store.ports import StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

RETRY_SECONDS: Final = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Seconds to wait after each failed attempt. The last value repeats until an attempt succeeds."""


class TemporaryError(Exception):
    """Something failed for a temporary reason, so a later attempt can succeed."""


class RefusedError(Exception):
    """Discord refused a request, and would refuse it again."""


TEMPORARY: Final = (TemporaryError, StoreUnavailableError)


async def retry(what: str, act: Callable[[], Awaitable[T]]) -> T:
    """Return the result of ``act``, retried until it succeeds.

    ``what`` names it in the log. Only the errors in ``TEMPORARY`` are retried; others are raised.
    """
    attempt = 0
    while True:
        try:
            return await act()
        except TEMPORARY as error:
            wait = wait_after(attempt)
            log.warning("attempt failed", what=what, reason=str(error), wait_seconds=wait)
            attempt += 1
            await asyncio.sleep(wait)


def wait_after(attempt: int) -> float:
    """Return how many seconds to wait after a failed attempt; the first attempt is number 0."""
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
