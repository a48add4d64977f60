"""Clean text before it enters the bot."""

from __future__ import annotations

import re

# PostgreSQL does not accept NUL, and a lone surrogate cannot be encoded.
_UNCLEAN = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Return ``text`` with NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:  # most texts, and much faster
        return text
    return _UNCLEAN.sub("\ufffd", text)
