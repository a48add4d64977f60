"""Waiting for a database that cannot be written just now: locked, or on a full disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

WAITS: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds between attempts; the last one repeats for as long as it takes."""


async def until_written(write: Callable[[], Awaitable[T]], what: str) -> T:
    """Repeat ``write`` until the database takes it, logging each refusal.

    There is no giving up: what is not written would be lost, and memory holds it meanwhile.
    """
    attempt = 0
    while True:
        try:
            return await write()
        except sqlite3.OperationalError as error:
            wait = WAITS[min(attempt, len(WAITS) - 1)]
            log.error("not written, trying again", what=what, reason=str(error), wait_seconds=wait)  # noqa: TRY400 - the reason says all
            attempt += 1
            await asyncio.sleep(wait)
