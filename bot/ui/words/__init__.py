"""The translation table: every text that a person reads, by key and language.

Each language has two TOML files, one for answers and one for commands. English is complete, and a
test checks the others against it. ``str.format`` fills in the values. A count brings its noun along:
``{count:message|messages}`` reads "1 message" or "2 messages".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from bot.domain import Note

LANGUAGES: Final = ("en", "de", "es")

ACTIONS: Final = frozenset({"action", "alert_action"})
"""Values of notes that name an action."""


class Count(int):
    """A whole number that is written with the noun that suits it.

    All three languages have one form for 1 and another for every other number, 0 included.
    """

    def __format__(self, spec: str) -> str:
        """Write the number; ``one|other`` in place of a format adds the form that suits it."""
        one, separator, other = spec.partition("|")
        if not separator:
            return super().__format__(spec)
        return f"{int(self)} {one if self == 1 else other}"


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
        counted = {
            name: Count(value) if type(value) is int else value for name, value in values.items()
        }
        return text.format(**counted)

    def note(self, note: Note) -> str:
        """Return the text of a note, with the names of permissions and actions in this language."""
        values = dict(note.values)
        if "missing" in values:
            values["missing"] = self.permissions(str(values["missing"]).split())
        for name in ACTIONS & values.keys():
            values[name] = self(f"action.{values[name]}")
        return self(note.key, **values)

    def permissions(self, names: Iterable[str]) -> str:
        """Return how Discord's settings call some permissions, given by discord.py's names."""
        known = table("en").texts
        return ", ".join(
            self(f"permission.{name}") if f"permission.{name}" in known else name for name in names
        )


@cache
def table(language: str) -> Words:
    """Return the table of a language. Raises ``FileNotFoundError`` for an unknown one."""
    texts: dict[str, str] = {}
    for name in (f"{language}.toml", f"{language}.commands.toml"):
        document = (resources.files(__name__) / name).read_text(encoding="utf-8")
        texts.update(_flattened(tomllib.loads(document)))
    return Words(language, texts)


def words_for(locale: str | None) -> Words:
    """Return the words for a locale such as ``de`` or ``es-419``, or English if there are none."""
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
