"""Errors of discord.py, told apart: what passes by itself, and what would be refused again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import discord

from bot.retries import RefusedError, TryAgainError

RATE_LIMITED, SERVER_ERROR = 429, 500

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008

PASSING: Final = (aiohttp.ClientError, discord.ConnectionClosed, OSError, TimeoutError)


@contextmanager
def discord_errors() -> Iterator[None]:
    """Turn what discord.py raises into ``TryAgainError`` and ``RefusedError``."""
    try:
        yield
    except discord.HTTPException as error:
        kind = TryAgainError if passes(error) else RefusedError
        raise kind(reason_of(error)) from error
    except PASSING as error:
        raise TryAgainError(reason_of(error)) from error


def passes(error: BaseException) -> bool:
    """Tell what passes by itself from what would be refused again."""
    if isinstance(error, discord.HTTPException):
        return error.status == RATE_LIMITED or error.status >= SERVER_ERROR
    return isinstance(error, PASSING)


def reason_of(error: BaseException) -> str:
    """Name an error in a few words; an error page of Discord's would be thousands."""
    if isinstance(error, discord.HTTPException):
        return f"status {error.status}, code {error.code}"
    return type(error).__name__
