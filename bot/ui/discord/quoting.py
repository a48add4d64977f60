"""Quotes what people wrote as plain text, without active markdown, mentions or links."""

from __future__ import annotations

import re
from typing import Final

import discord

_LINK: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)")

_GAP: Final = re.compile(r"\n\s*\n")


def harmless(text: str) -> str:
    """Escape markdown and mentions, and break links.

    Moderators read alerts in a hurry on a phone, so nothing in a quotation may be clickable.
    """
    escaped = discord.utils.escape_markdown(discord.utils.escape_mentions(text), ignore_links=False)
    # discord.py does not escape headings, lists and <...> (channels, emoji, timestamps).
    escaped = re.sub(r"(?m)^(\s*)([#\-+>])", r"\1\\\2", escaped).replace("<", "<\u200b")
    return _LINK.sub("\\1\u200b:", escaped)


def shorten(text: str, length: int) -> str:
    """Return at most ``length`` characters of a text, ending in an ellipsis if it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def hidden(text: str, *, spoilers: bool = True) -> str:
    """Put a quotation behind a spoiler, unless the server switched spoilers off."""
    return f"||{text}||" if spoilers and text else text


def quoted(text: str, length: int, *, spoilers: bool = True) -> str:
    """Quote the first ``length`` characters of a text."""
    return hidden(_without_gaps(harmless(shorten(text, length))), spoilers=spoilers)


def around(text: str, passage: tuple[int, int] | None, length: int) -> str:
    """Quote the decisive passage in bold, with the text around it.

    ``passage`` is a half-open range. At most ``length`` characters of the text are quoted, with the
    passage in the middle, and an ellipsis marks omitted text. Without a passage the beginning of
    the text is quoted.
    """
    if passage is None:
        return _without_gaps(harmless(shorten(text, length)))
    begin, end = passage
    end = min(end, begin + length)
    room = length - (end - begin)
    first = max(0, min(begin - room // 2, len(text) - length))
    last = min(len(text), first + length)
    marked = text[begin:end].strip()
    parts = [
        "…" if first else "",
        harmless(text[first:begin]),
        f"**{harmless(marked)}**" if marked else "",
        harmless(text[end:last]),
        "…" if last < len(text) else "",
    ]
    # Markdown's bold allows no spaces inside the asterisks, so they are moved outside.
    leading = text[begin:end][: len(text[begin:end]) - len(text[begin:end].lstrip())]
    trailing = text[begin:end][len(text[begin:end].rstrip()) :] if marked else ""
    parts[1] += leading
    parts[3] = trailing + parts[3]
    return _without_gaps("".join(parts))


def _without_gaps(text: str) -> str:
    """Remove blank lines, which could otherwise push an alert off the moderator's screen."""
    return _GAP.sub("\n", text)
