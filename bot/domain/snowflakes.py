"""Convert between Discord's ids and times.

An id has the milliseconds since the start of 2015, followed by 22 bits that make it unique.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
BITS: Final = 22


def snowflake_at(at: datetime) -> int:
    """Return the lowest id of a time; 0 for times before 2015."""
    return max(0, (at - EPOCH) // timedelta(milliseconds=1)) << BITS


def time_at(snowflake: int) -> datetime:
    """Return when an id was made."""
    return EPOCH + timedelta(milliseconds=snowflake >> BITS)
