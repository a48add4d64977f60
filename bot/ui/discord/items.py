"""Custom ids of buttons and selects. They contain all that is needed to answer after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain import CaseId, GuildId, Revision, SubjectId, Surface, message_case
from bot.ui.words import Words

PREFIX: Final = "bw"
LEGACY_PARTS: Final = 2
FIRST_EDIT: Final = 10**15
"""Microseconds since 1970, in the year 2001. In old ids, an edit's time is always at or above, the
number of a wording always below."""


def control_id(name: str, *parts: str | int) -> str:
    """Return the custom id of a button or select. Discord allows 100 characters."""
    return ":".join((PREFIX, name, *map(str, parts)))


def button(
    words: Words,
    name: str,
    *parts: str | int,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
    label: str | None = None,
) -> discord.ui.Button[discord.ui.View]:
    """Return a button that is handled by its name, also after a restart."""
    return discord.ui.Button(
        label=label or words(f"button.{name}"),
        custom_id=control_id(name, *parts),
        style=style,
        disabled=disabled,
    )


def view_of(*items: discord.ui.Item[discord.ui.View]) -> discord.ui.View:
    """Return a view that discord.py does not track, because items are handled by their ids."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def parts_of(case: CaseId) -> tuple[str, int, str]:
    """Return the parts of a custom id that identify a case. The click itself names the server."""
    return case.surface, case.subject, case.revision


def case_from(guild: int, parts: Sequence[str]) -> CaseId | None:
    """Return the case that parts of a custom id identify, or ``None`` if they are invalid.

    Alerts from before version 0.2 have a message and a number: an edit's time in microseconds if
    it is at least ``FIRST_EDIT``, or else the number of a wording, 0 for the original.
    """
    try:
        if len(parts) == LEGACY_PARTS:
            message, number = map(int, parts)
            if number < 0:
                return None
            wording = f"e{number:016d}" if number >= FIRST_EDIT else f"t{number}"
            return message_case(guild, message, Revision(wording if number else ""))
        surface, subject, revision = parts
        return CaseId(GuildId(guild), Surface(surface), SubjectId(int(subject)), Revision(revision))
    except ValueError:
        return None
