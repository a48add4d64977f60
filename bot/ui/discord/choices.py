"""The choices of options: classes, actions, places and thresholds."""

from __future__ import annotations

from typing import Final

import discord
from discord import app_commands

from bot.domain import GuildId, Kind, Note
from bot.policy.book import PolicyBook
from bot.policy.entries import OFF
from bot.policy.thresholds import SettingError
from bot.ui.discord.formatting import shown
from bot.ui.discord.quoting import shorten
from bot.ui.discord.translation import text
from bot.ui.words import LANGUAGES, Words, table
from model.classes import HARMS

INHERIT: Final = "inherit"
MOST_CHOICES: Final = 25

Place = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.ForumChannel
    | discord.CategoryChannel
)
HARM_CHOICES: Final = [
    app_commands.Choice(name=text(f"class.{harm}"), value=harm) for harm in HARMS
]
KIND_CHOICES: Final = [
    app_commands.Choice(name=text(f"action.{kind}"), value=kind.value) for kind in Kind
]


def parsed(value: str) -> float | str | None:
    """Read a threshold as people type it: a number, ``OFF``, or ``None`` for "inherit".

    The words count in every language, and so does a decimal comma. Raises ``SettingError`` for
    anything else.
    """
    word = value.strip().lower()
    for language in LANGUAGES:
        words = table(language)
        if word in {OFF, words("value.off").lower()}:
            return OFF
        if word in {INHERIT, words("value.inherit").lower()}:
            return None
    try:
        number = float(word.replace(",", "."))
    except ValueError:
        raise SettingError(Note("error.value", {"value": shorten(value, 40)})) from None
    if not 0 <= number <= 1:
        raise SettingError(Note("error.number", {"value": shorten(value, 40)}))
    return number


def threshold_choices(
    book: PolicyBook,
    guild: GuildId,
    current: str,
    harm: str | None,
    kind: str | None,
    words: Words,
) -> list[app_commands.Choice[str]]:
    """Offer what was typed, the present value and the values of the presets."""
    offered: dict[str, str] = {}
    if current.strip():
        try:
            typed = parsed(current)
        except SettingError as error:
            return [app_commands.Choice(name=shorten(words.note(error.note), 100), value=current)]
        if isinstance(typed, float):
            offered[f"{typed:g}"] = f"{typed:g}"
    if harm in HARMS and kind in set(Kind):
        present = book.of(guild).table()[harm, Kind(kind)].threshold
        if present is not None:
            offered[f"{present:g}"] = words("value.present", value=shown(present, words))
        for name, preset in book.defaults.presets.items():
            value = preset[harm].of(Kind(kind))
            if value is not None:
                offered.setdefault(
                    f"{value:g}", f"{shown(value, words)} ({words(f'preset.{name}')})"
                )
    offered[OFF] = words("value.off")
    offered[INHERIT] = words("value.inherit")
    return [app_commands.Choice(name=name, value=value) for value, name in offered.items()][
        :MOST_CHOICES
    ]
