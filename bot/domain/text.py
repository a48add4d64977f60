"""Text as it may enter."""

from __future__ import annotations

import re

# SQLite would take a NUL and PostgreSQL would not, no encoder takes a lone surrogate.
_UNCLEAN = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what no database and no encoder can carry by U+FFFD."""
    return _UNCLEAN.sub("\ufffd", text)
