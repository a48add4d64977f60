"""Command descriptions from the translation table, in every language that has them."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.ui.words import table, words_for


def text(key: str) -> locale_str:
    """Return a description by its key: English for Discord's default, the rest by locale."""
    return locale_str(table("en")(key), key=key)


class Translator(app_commands.Translator):
    """Answers discord.py's question for a text in another language, from the table."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return the text in a locale, ``None`` where English is what there is."""
        del context
        key = string.extras.get("key")
        words = words_for(locale.value)
        if key is None or words.language == "en":
            return None
        return words(key)
