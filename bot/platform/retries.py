"""What to ask of Discord again: it could not be reached, or was asked too often."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import aiohttp
import discord
import structlog

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

RATE_LIMITED, SERVER_ERROR = 429, 500

RETRY_SECONDS: Final = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Waits between attempts while Discord cannot be reached; the last one repeats until it can."""


class ServerUnavailableError(Exception):
    """Discord says that this server is out just now; its channels are not known."""


PASSING: Final = (
    ServerUnavailableError,
    sqlite3.OperationalError,
    aiohttp.ClientError,
    discord.ConnectionClosed,
    OSError,
    TimeoutError,
)
"""What passes by itself, a full disk too, beside Discord's own errors and rate limits."""


async def patiently(what: str, act: Callable[[], Awaitable[T]]) -> T:
    """Repeat an action until Discord can be reached; raises what would be refused again."""
    attempt = 0
    while True:
        try:
            return await act()
        except (*PASSING, discord.HTTPException) as error:
            if not passes(error):
                raise
            wait = wait_after(attempt)
            log.warning("put off", what=what, reason=reason_of(error), wait_seconds=wait)
            attempt += 1
            await asyncio.sleep(wait)


def wait_after(attempt: int) -> float:
    """Return how many seconds to wait after an attempt, counted from 0."""
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]


def passes(error: BaseException) -> bool:
    """Tell what passes by itself from what would be refused again."""
    if isinstance(error, discord.HTTPException):
        return error.status == RATE_LIMITED or error.status >= SERVER_ERROR
    return True


def reason_of(error: BaseException) -> str:
    """Name an error in a few words; an error page of Discord's would be thousands."""
    if isinstance(error, discord.HTTPException):
        return f"status {error.status}, code {error.code}"
    return type(error).__name__
