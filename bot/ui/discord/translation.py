"""Translates names and descriptions of commands, from the translation table."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.ui.words import Words, table, words_for


def text(key: str) -> locale_str:
    """Return a text by its key: English by default, translated for each locale that Discord asks."""
    return locale_str(table("en")(key), key=key)


def translated(english: str, words: Words) -> str:
    """Return the name of a menu command, or the description of a command, in another language."""
    for key, value in table("en").texts.items():
        if value == english and key.startswith(("command.", "menu.")):
            return words(key)
    return english


class Translator(app_commands.Translator):
    """Gives discord.py the translations in the table."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return the text in a locale, or ``None`` to stay with English."""
        del context
        key = string.extras.get("key")
        words = words_for(locale.value)
        if key is None or words.language == "en":
            return None
        return words(key)
