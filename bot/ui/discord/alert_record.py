"""The full texts of an alert's messages, as attached files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.domain import Case, CaseId
from bot.ui.discord.links import jump_url
from bot.ui.discord.quoting import visible
from bot.ui.discord.speech import Names
from bot.ui.words import Words

PAGE: Final = 100
"""Messages in one file. Discord allows 10 files in a message, enough for an alert's 1,000."""


@dataclass(frozen=True, slots=True)
class Page:
    """One file: its cases, and their texts."""

    cases: tuple[CaseId, ...]
    number: int
    text: str

    def file(self) -> discord.File:
        """Return the page as a spoiler file, because Discord shows a preview of text files."""
        return discord.File(
            io.BytesIO(self.text.encode()), filename=f"messages-{self.number}.txt", spoiler=True
        )


def pages(cases: Sequence[Case], words: Words, names: Names) -> list[Page]:
    """Return the messages of an alert in the order of their numbers, ``PAGE`` on each page."""
    found = []
    for begin in range(0, len(cases), PAGE):
        part = cases[begin : begin + PAGE]
        entries = [_entry(begin + place, case, words, names) for place, case in enumerate(part, 1)]
        found.append(
            Page(tuple(case.id for case in part), begin // PAGE + 1, "\n\n".join(entries) + "\n")
        )
    return found


def _indented(text: str) -> str:
    """Return a text with a mark before each line, so that no text can look like another entry."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def _entry(number: int, case: Case, words: Words, names: Names) -> str:
    post, lead = case.decision.post, case.decision.lead
    name = names.member(post.author_id) or post.author_name or words("alert.unknown")
    channel = names.channel(post.channel_id) or words("alert.unknown")
    score = f" · {lead.harm} {lead.score:.2f}" if lead else ""
    return (
        f"{number} · {' '.join(visible(name).split())} ({post.author_id}) · #{channel}"
        f" · {post.at:%Y-%m-%d %H:%M:%S} UTC{score}\n"
        f"{jump_url(post)}\n\n"
        f"{_indented(post.text or words('alert.text_lost'))}"
    )
