"""The history of a server's settings, and what can be undone of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import discord
from discord import app_commands

from bot.desk.settings import Step
from bot.domain import ChannelId, Kind, UserId
from bot.platform.places import ChainOf
from bot.policy.entries import OFF, Value
from bot.policy.rules import SERVER, Policy
from bot.store.ports import Change
from bot.ui.discord.choices import MOST_CHOICES
from bot.ui.discord.formatting import entry_name, entry_step, entry_value
from bot.ui.discord.items import button, view_of
from bot.ui.discord.quoting import shorten
from bot.ui.discord.replies import MESSAGE_LENGTH, say, words_of
from bot.ui.words import Words

SHOWN: Final = 10
UNDO: Final = "undo_change"
"""The button that undoes a change; its only part is the number of the change."""

_MENTION = re.compile(r"<(#|@&|@)(\d+)>")


def undo_view(number: int, words: Words) -> discord.ui.View:
    """Return a button that undoes a change."""
    return view_of(button(words, UNDO, number))


async def say_changed(interaction: discord.Interaction, said: str, number: int | None) -> None:
    """Answer that a setting was changed, with a button that undoes it.

    ``number`` is that of the change; ``None`` if there was nothing to change after all.
    """
    if number is None:
        await say(interaction, said)
        return
    words = words_of(interaction)
    end = words("set.undo", number=number)
    await say(interaction, shorten(f"{said}\n{end}", MESSAGE_LENGTH), view=undo_view(number, words))


def history_embed(
    changes: Sequence[Change], undone: Collection[int], words: Words
) -> discord.Embed:
    """Say who changed what, and when; undone changes are struck through."""
    lines = []
    for change in changes[:SHOWN]:
        what = entry_step(change.name, change.before, change.after, words)
        line = (
            f"`#{change.number}` <t:{int(change.changed_at.timestamp())}:R> "
            f"<@{change.changed_by}> · {what}"
        )
        if change.undoes is not None:
            line += f" *({words('history.undoes', number=change.undoes)})*"
        lines.append(f"~~{line}~~" if change.number in undone else line)
    return discord.Embed(
        title=words("history.title"),
        description=shorten("\n".join(lines), 4096) or words("history.nothing"),
    )


def restored(step: Step, policy: Policy, chain: ChainOf, words: Words) -> Iterator[str]:
    """Yield a line for each setting that an undo restored, with the value that applies now."""
    for change in step.changes:
        if change.before is None and (value := inherited(change.name, policy, chain)) is not None:
            source = words("value.from_preset" if _of_server(change.name) else "value.inherited")
            yield f"· {entry_step(change.name, change.after, value, words)} ({source})"
        else:
            yield f"· {entry_step(change.name, change.after, change.before, words)}"


def reset_lines(
    names: Iterable[str], policy: Policy, chain: ChainOf, words: Words
) -> Iterator[str]:
    """Yield a line for each setting that was reset, a threshold with the value that applies now."""
    for name in names:
        value = inherited(name, policy, chain)
        applies = "" if value is None else f": **{entry_value(name, value, words)}**"
        yield f"· {entry_name(name, words)}{applies}"


def inherited(name: str, policy: Policy, chain: ChainOf) -> Value | None:
    """Return the threshold that applies where none is set; ``None`` for any other setting."""
    if not name.startswith("threshold."):
        return None
    _, scope, harm, kind = name.split(".")
    scopes = chain(ChannelId(int(scope))) if ChannelId(int(scope)) != SERVER else ()
    limit = policy.table(scopes)[harm, Kind(kind)].threshold
    return OFF if limit is None else limit


def _of_server(name: str) -> bool:
    return name.split(".")[1] == str(SERVER)


def change_choices(
    steps: Sequence[Step], asker: UserId, guild: discord.Guild, current: str, words: Words
) -> list[app_commands.Choice[int]]:
    """Offer the changes that can be undone, by number and in words."""
    choices = []
    for step in steps:
        what = ", ".join(
            entry_step(each.name, each.before, each.after, words) for each in step.changes
        )
        yours = f" ({words('history.yours')})" if step.by == asker else ""
        name = plain(f"#{step.number}{yours} {what}", guild)
        if current.lower() in name.lower():
            choices.append(app_commands.Choice(name=shorten(name, 100), value=step.number))
    return choices[:MOST_CHOICES]


def plain(text: str, guild: discord.Guild) -> str:
    """Return a text without markup, for lists where Discord shows mentions as numbers."""

    def name(match: re.Match[str]) -> str:
        sign, number = match[1], int(match[2])
        found = (
            guild.get_channel_or_thread(number)
            if sign == "#"
            else guild.get_role(number)
            if sign == "@&"
            else guild.get_member(number)
        )
        return f"{sign[0]}{match[2] if found is None else found.name}"

    return _MENTION.sub(name, text).replace("**", "")
