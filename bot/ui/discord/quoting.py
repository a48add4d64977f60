"""Quotes what people wrote, so that a quotation shows text and does nothing else."""

from __future__ import annotations

import re
from typing import Final

import discord

_LINK: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)")

_GAP: Final = re.compile(r"\n\s*\n")


def harmless(text: str) -> str:
    """Escape markdown and mentions, and break links.

    A moderator reads alerts in a hurry on a phone: nothing in a quotation may be clickable.
    """
    escaped = discord.utils.escape_markdown(discord.utils.escape_mentions(text), ignore_links=False)
    # discord.py does not escape headings, lists and <...> (channels, emoji, timestamps).
    escaped = re.sub(r"(?m)^(\s*)([#\-+>])", r"\1\\\2", escaped).replace("<", "<\u200b")
    return _LINK.sub("\\1\u200b:", escaped)


def shorten(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters, the last one an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def hidden(text: str, *, spoilers: bool = True) -> str:
    """Put a quotation behind a spoiler, where the server wants spoilers."""
    return f"||{text}||" if spoilers and text else text


def quoted(text: str, length: int, *, spoilers: bool = True) -> str:
    """Quote the beginning of a text, at most ``length`` characters."""
    return hidden(_without_gaps(harmless(shorten(text, length))), spoilers=spoilers)


def around(text: str, passage: tuple[int, int] | None, length: int) -> str:
    """Quote the passage that decided, in bold, with the text around it.

    ``passage`` is a half-open range. At most ``length`` characters of the text are quoted, the
    passage in their middle; an ellipsis stands where the text goes on. Without a passage it is
    the beginning of the text.
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
    # Bold needs its text beside the stars: the blanks at the passage's ends go outside.
    leading = text[begin:end][: len(text[begin:end]) - len(text[begin:end].lstrip())]
    trailing = text[begin:end][len(text[begin:end].rstrip()) :] if marked else ""
    parts[1] += leading
    parts[3] = trailing + parts[3]
    return _without_gaps("".join(parts))


def _without_gaps(text: str) -> str:
    """Return a text without blank lines, with which a message could fill a moderator's screen."""
    return _GAP.sub("\n", text)
