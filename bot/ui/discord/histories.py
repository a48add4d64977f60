"""What was changed in a server's settings, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import discord
from discord import app_commands

from bot.store.ports import Change
from bot.ui.discord.choices import MOST_CHOICES
from bot.ui.discord.formatting import entry_name, entry_value
from bot.ui.discord.quoting import shorten
from bot.ui.words import Words

SHOWN: Final = 10


def history_embed(
    changes: Sequence[Change], undone: Collection[int], words: Words
) -> discord.Embed:
    """Say who changed what, and when; what was taken back is struck out."""
    lines = []
    for change in changes[:SHOWN]:
        line = (
            f"`#{change.number}` <t:{int(change.changed_at.timestamp())}:R> "
            f"<@{change.changed_by}> · {_step(change, words)}"
        )
        if change.undoes is not None:
            line += f" *({words('history.undoes', number=change.undoes)})*"
        lines.append(f"~~{line}~~" if change.number in undone else line)
    return discord.Embed(
        title=words("history.title"),
        description=shorten("\n".join(lines), 4096) or words("history.nothing"),
    )


def _step(change: Change, words: Words) -> str:
    return (
        f"{entry_name(change.name, words)}: {entry_value(change.name, change.before, words)} → "
        f"**{entry_value(change.name, change.after, words)}**"
    )


def taken_back(changes: Sequence[Change], words: Words) -> Iterator[str]:
    """Yield a line for each entry that is as it was before."""
    for change in changes:
        yield (
            f"· {entry_name(change.name, words)}: {entry_value(change.name, change.after, words)} → "
            f"**{entry_value(change.name, change.before, words)}**"
        )


def change_choices(
    changes: Sequence[Change], undone: Collection[int], current: str, words: Words
) -> list[app_commands.Choice[int]]:
    """Offer the latest changes that can be taken back."""
    choices: dict[int, str] = {}
    for change in changes:
        if change.number not in undone and change.number not in choices:
            step = f"#{change.number} {_step(change, words)}".replace("**", "")
            choices[change.number] = shorten(step, 100)
    return [
        app_commands.Choice(name=name, value=number)
        for number, name in choices.items()
        if current in name
    ][:MOST_CHOICES]
