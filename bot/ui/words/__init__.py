"""The translation table: every text a person reads, by key and language.

Two TOML files a language, answers and commands; English is complete, and a test holds the others against it. Texts are
filled in with ``str.format``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from bot.domain import Note

LANGUAGES: Final = ("en", "de", "es")


class Words:
    """The texts of one language; call it with a key and the values to fill in."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text, in English where this language lacks it. Raises ``KeyError``."""
        text = self.texts.get(key)
        if text is None:
            text = table("en").texts[key]
        return text.format(**values)

    def note(self, note: Note) -> str:
        """Return what a note says; its permissions are by discord.py's names, with spaces."""
        values = dict(note.values)
        if "missing" in values:
            values["missing"] = self.permissions(str(values["missing"]).split())
        return self(note.key, **values)

    def permissions(self, names: Iterable[str]) -> str:
        """Return permissions, by discord.py's names, as Discord's settings call them."""
        known = table("en").texts
        return ", ".join(
            self(f"permission.{name}") if f"permission.{name}" in known else name for name in names
        )


@cache
def table(language: str) -> Words:
    """Return a language's table as it stands in the package; raises ``FileNotFoundError``."""
    texts: dict[str, str] = {}
    for name in (f"{language}.toml", f"{language}.commands.toml"):
        document = (resources.files(__name__) / name).read_text(encoding="utf-8")
        texts.update(_flattened(tomllib.loads(document)))
    return Words(language, texts)


def words_for(locale: str | None) -> Words:
    """Return the words for a locale such as ``de`` or ``es-419``; English where there are none."""
    language = (locale or "").split("-")[0].lower()
    return table(language if language in LANGUAGES else "en")


def _flattened(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flattened(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, str(value)))
    return found
