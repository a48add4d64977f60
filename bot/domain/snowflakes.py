"""Discord's ids are times: milliseconds since the first of 2015, and 22 bits to tell them apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
BITS: Final = 22


def snowflake_at(at: datetime) -> int:
    """Return the lowest id that is made at a time; 0 before there was Discord."""
    return max(0, (at - EPOCH) // timedelta(milliseconds=1)) << BITS


def time_at(snowflake: int) -> datetime:
    """Return when an id was made."""
    return EPOCH + timedelta(milliseconds=snowflake >> BITS)
