"""Sorts discord.py's errors into temporary ones and those that would occur again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import discord

from bot.retries import RefusedError, TemporaryError

RATE_LIMITED, SERVER_ERROR = 429, 500

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008

TEMPORARY: Final = (aiohttp.ClientError, discord.ConnectionClosed, OSError, TimeoutError)


@contextmanager
def discord_errors() -> Iterator[None]:
    """Convert discord.py's errors to ``TemporaryError`` and ``RefusedError``."""
    try:
        yield
    except discord.HTTPException as error:
        kind = TemporaryError if is_temporary(error) else RefusedError
        raise kind(reason_of(error)) from error
    except TEMPORARY as error:
        raise TemporaryError(reason_of(error)) from error


def is_temporary(error: BaseException) -> bool:
    """Return whether an error is temporary, so that a later attempt can succeed."""
    if isinstance(error, discord.HTTPException):
        return error.status == RATE_LIMITED or error.status >= SERVER_ERROR
    return isinstance(error, TEMPORARY)


def reason_of(error: BaseException) -> str:
    """Return a few words about an error. Its own text could be a whole HTML page."""
    if isinstance(error, discord.HTTPException):
        return f"status {error.status}, code {error.code}"
    return type(error).__name__
