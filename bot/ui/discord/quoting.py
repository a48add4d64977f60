"""Quotes what people wrote as plain text, without active markdown, mentions or links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import discord

_LINK: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)")

_MARKDOWN: Final = re.compile(r"[\\*_~|`\[\]]")

_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001-\U000e007f"
)
"""Characters without a glyph, the marks that turn the reading direction among them."""

_JOINERS: Final = "\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Characters without a glyph that emoji are joined and chosen with, at most two in a row."""

_BLANKS: Final = re.compile(rf"[\s\u2800\u3164\u115f\u1160\uffa0{_UNSEEN}{_JOINERS}]+")
_UNSEEN_ONES: Final = re.compile(rf"[{_UNSEEN}]")
_ONLY_JOINERS: Final = re.compile(rf"[{_JOINERS}]*")


def harmless(text: str) -> str:
    """Escape markdown and mentions, and break links.

    Moderators read alerts in a hurry on a phone, so nothing in a quotation may be clickable, and
    nothing in it may end the spoiler around it.
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", discord.utils.escape_mentions(text))
    # At the start of a line: headings, lists, quotations. Elsewhere <...>: channels, emoji, times.
    escaped = re.sub(r"(?m)^(\s*)([#\-+>])", r"\1\\\2", escaped).replace("<", "<\u200b")
    return _LINK.sub("\\1\u200b:", escaped)


def visible(text: str) -> str:
    """Return a text without characters that show nothing, and with short blanks.

    A run of blanks becomes one space, or one line break if it has any: blank lines could push the
    abuse out of a quotation, or an alert off the moderator's screen.
    """
    return _BLANKS.sub(_blank, text)


def _blank(run: re.Match[str]) -> str:
    left = _UNSEEN_ONES.sub("", run[0])
    if _ONLY_JOINERS.fullmatch(left):
        return left if len(left) <= 2 else ""  # noqa: PLR2004 - see _JOINERS
    return "\n" if len(f"|{left}|".splitlines()) > 1 else " "


def shorten(text: str, length: int) -> str:
    """Return at most ``length`` characters of a text, ending in an ellipsis if it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def hidden(text: str, *, spoilers: bool = True) -> str:
    """Put a quotation behind a spoiler, unless the server switched spoilers off."""
    return f"||{text}||" if spoilers and text else text


def quoted(text: str, length: int, *, spoilers: bool = True) -> str:
    """Quote the first ``length`` characters of a text."""
    return hidden(harmless(shorten(visible(text), length)), spoilers=spoilers)


def around(
    text: str, passage: tuple[int, int] | None, length: int, words: Sequence[str] = ()
) -> str:
    """Quote the decisive passage in bold, with the text around it.

    ``passage`` is a half-open range. At most ``length`` characters are quoted, with the passage in
    the middle, and an ellipsis marks omitted text. If there is no passage, or it does not fit, the
    first of ``words`` that is in the text takes its place, else the beginning of the text.
    """
    # The blanks go first: whoever writes a text chooses how far apart its words are.
    if passage is not None:
        begin, end = (len(visible(text[:place]).lstrip("\n ")) for place in passage)
    text = visible(text).lstrip("\n ")
    if passage is None or end - begin > length:
        if len(text) <= length:
            return harmless(text)
        found = next((word for word in words if word in text), "")
        begin = text.index(found)
        end = min(begin + len(found), begin + length)
    room = length - (end - begin)
    first = max(0, min(begin - room // 2, len(text) - length))
    last = min(len(text), first + length)
    # Markdown's bold allows no blanks inside the asterisks, so they are left outside.
    marked = text[begin:end]
    begin, end = end - len(marked.lstrip()), begin + len(marked.rstrip())
    bold = f"**{harmless(text[begin:end])}**" if begin < end else ""
    before, after = text[first:begin] if bold else text[first:end], text[max(end, first) : last]
    return "".join(
        [
            "…" if first else "",
            harmless(before),
            bold,
            harmless(after),
            "…" if last < len(text) else "",
        ]
    )
