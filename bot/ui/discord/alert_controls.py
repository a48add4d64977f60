"""The buttons under an alert, and how to recognise an alert by them."""

from __future__ import annotations

import discord

from bot.desk.record import AlertState
from bot.domain import CaseId, Judgement, Post, Surface
from bot.ui.discord.items import PREFIX, button, case_from, parts_of, view_of
from bot.ui.words import Words


def alert_buttons(post: Post, state: AlertState, words: Words) -> discord.ui.View:
    """Return the buttons under an alert: actions and verdicts first, then more information."""
    case = parts_of(post.id)
    green, blurple, red = (
        discord.ButtonStyle.success,
        discord.ButtonStyle.primary,
        discord.ButtonStyle.danger,
    )
    right, wrong = ("missed", "fine") if state.reported else ("right", "wrong")
    judged = state.judgement
    items = [
        button(
            words,
            "delete",
            *case,
            style=red,
            disabled=state.deleted or not state.can_delete,
        ),
        button(
            words,
            "timeout",
            *case,
            disabled=state.timed_out or not state.can_time_out,
        ),
        button(
            words,
            right,
            *case,
            style=green,
            disabled=judged in {Judgement.RIGHT, Judgement.MISSED},
        ),
        button(
            words,
            wrong,
            *case,
            style=blurple,
            disabled=judged is Judgement.FALSE_POSITIVE,
        ),
    ]
    for item in items:
        item.row = 0
    if post.surface is Surface.MESSAGE:
        items.append(button(words, "around", *case))
    if state.partly_deleted or state.partly_timed_out:
        items.append(button(words, "undo", *case))
    return view_of(*items)


def lead_of(message: discord.Message) -> CaseId | None:
    """Return the lead case of an alert, or ``None`` if the message is not an alert."""
    guild = 0 if message.guild is None else message.guild.id
    items = [item for row in message.components for item in getattr(row, "children", ())]
    ids = [getattr(item, "custom_id", None) or "" for item in items]
    if any(each.startswith(f"{PREFIX}:missed:") for each in ids):
        return None  # a report, whose buttons have the same ids
    for each in ids:
        prefix, _, parts = each.partition(":delete:")
        if prefix == PREFIX and parts:
            return case_from(guild, parts.split(":"))
    return None
