"""Buttons and selects by their ids, which say all that is needed to answer them after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain import CaseId, GuildId, Revision, SubjectId, Surface, message_case
from bot.ui.words import Words

PREFIX: Final = "bw"
LEGACY_PARTS: Final = 2
FIRST_EDIT: Final = 10**15
"""Microseconds since 1970, in 2001: in old ids every edit's time is above, every wording below."""


def control_id(name: str, *parts: str | int) -> str:
    """Return the custom id of a button or select; Discord takes up to 100 characters."""
    return ":".join((PREFIX, name, *map(str, parts)))


def button(
    words: Words,
    name: str,
    *parts: str | int,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
    label: str | None = None,
) -> discord.ui.Button[discord.ui.View]:
    """Return a button that is answered by name, whatever process sent it."""
    return discord.ui.Button(
        label=label or words(f"button.{name}"),
        custom_id=control_id(name, *parts),
        style=style,
        disabled=disabled,
    )


def view_of(*items: discord.ui.Item[discord.ui.View]) -> discord.ui.View:
    """Return a view that discord.py does not keep: its items are answered by their ids."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def parts_of(case: CaseId) -> tuple[str, int, str]:
    """Return what names a case in the ids of its buttons; the server is known from the click."""
    return case.surface, case.subject, case.revision


def case_from(guild: int, parts: Sequence[str]) -> CaseId | None:
    """Return the case that a button's id names, ``None`` where it names none.

    Alerts of before version 0.2 name a message and a number: the time of an edit in microseconds,
    or less for a wording.
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
