"""The translation table: every key in every language, and every key that the code asks for."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import discord
import pytest
from discord.app_commands import TranslationContext, TranslationContextLocation

from bot.domain import Note
from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    DELETE_PERMISSIONS,
    EVIDENCE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    lacking,
)
from bot.ui.discord.translation import Translator, text
from bot.ui.words import LANGUAGES, Count, table, words_for
from tests.world import World

ROOT = Path(__file__).parent.parent
ENGLISH = table("en").texts
OTHERS = [language for language in LANGUAGES if language != "en"]
KEY = re.compile(r"[a-z_]+(\.[a-z_]+)+")
SECTIONS = {key.split(".")[0] for key in ENGLISH}
NOT_KEYS = {
    "alerts.channel", "alerts.ping_role", "alerts.ping_above", "alerts.language",
    "exempt.moderators", "preview.png",
}  # fmt: skip
"""Names of settings and files that look like keys."""


def fields(text_: str) -> set[str]:
    return {found for _, found, _, _ in string.Formatter().parse(text_) if found}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_key_with_the_same_values_to_fill_in(language: str) -> None:
    texts = table(language).texts
    assert set(texts) == set(ENGLISH)
    for key, english in ENGLISH.items():
        assert fields(texts[key]) == fields(english), key
        assert texts[key].strip(), key


def asked_for() -> dict[str, str]:
    """Every string in bot/ that looks like a key of the table, and the file it stands in."""
    found = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in node.values
        }
        for node in ast.walk(tree):
            if id(node) in parts:
                continue
            value = node.value if isinstance(node, ast.Constant) else None
            if (
                isinstance(value, str)
                and KEY.fullmatch(value)
                and value.split(".")[0] in SECTIONS
                and value not in NOT_KEYS
            ):
                found[value] = path.name
    return found


@pytest.mark.parametrize("key", sorted(asked_for()))
def test_every_key_that_is_asked_for_exists(key: str) -> None:
    assert key in ENGLISH


def test_no_key_is_left_over() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "bot").rglob("*.py"))
    for key in ENGLISH:
        beginnings = [key[: match.start() + 1] for match in re.finditer(r"\.", key)]
        made = any(f'f"{beginning}{{' in source for beginning in beginnings)
        assert f'"{key}"' in source or f"'{key}'" in source or made, f"{key} is asked for nowhere"


@pytest.mark.parametrize("language", LANGUAGES)
def test_command_texts_keep_discords_limits(language: str) -> None:
    texts = table(language).texts
    for key, value in texts.items():
        if key.split(".")[0] in {"command", "option", "class", "preset_about"}:
            assert 1 <= len(value) <= 100, key
        if key.split(".")[0] == "menu":
            assert 1 <= len(value) <= 32, key
        if key.split(".")[0] == "button":
            assert 1 <= len(value) <= 80, key


def test_a_locale_leads_to_its_language_and_any_other_to_english() -> None:
    assert words_for("de").language == "de"
    assert words_for("es-419").language == "es"
    assert words_for("pt-BR").language == "en"
    assert words_for(None).language == "en"
    with pytest.raises(KeyError):
        words_for("de")("no.such.key")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_count_has_a_form_for_one_and_a_form_for_the_rest(language: str) -> None:
    for key, value in table(language).texts.items():
        for _, name, form, _ in string.Formatter().parse(value):
            if form:
                one, separator, other = form.partition("|")
                assert name, key
                assert separator, f"{key}: {form} is no plural"
                assert one, key
                assert other, key


@pytest.mark.parametrize(
    ("language", "one", "none", "two"),
    [
        ("en", "1 message:", "0 messages:", "2 messages:"),
        ("de", "1 Nachricht:", "0 Nachrichten:", "2 Nachrichten:"),
        ("es", "1 mensaje:", "0 mensajes:", "2 mensajes:"),
    ],
)
def test_a_noun_agrees_with_its_count(language: str, one: str, none: str, two: str) -> None:
    for number, begins in ((0, none), (1, one), (2, two)):
        said = table(language)("preview.judged", total=number, right=0, wrong=1, unjudged=0)
        assert said.startswith(begins)


def test_a_count_without_a_noun_is_a_number() -> None:
    assert f"{Count(1)} {Count(2):03d}" == "1 002"


def test_no_count_stands_before_a_noun_that_is_always_plural() -> None:
    counts = "count|total|right|wrong|unjudged|days|messages|actions|verdicts|reached|seen"
    for key, value in ENGLISH.items():
        if not key.endswith("_many"):  # shown for two and more only
            assert not re.search(rf"\{{({counts})\}}\W* [a-z]+s\b", value), key


def test_a_note_names_permissions_and_actions_in_its_language() -> None:
    values = {"action": "delete", "value": "0.4", "alert_action": "alert", "alert": "0.5"}
    said = table("de").note(Note("error.below_alert", values))
    assert "„löschen“ (0.4)" in said
    assert "„melden“ (0.5)" in said


async def test_commands_are_described_in_each_language() -> None:
    context: TranslationContext[TranslationContextLocation, object] = TranslationContext(
        TranslationContextLocation.other, None
    )
    translator = Translator()
    described = text("command.score")
    german = await translator.translate(described, discord.Locale.german, context)  # type: ignore[arg-type]
    assert german == table("de")("command.score")
    assert await translator.translate(described, discord.Locale.french, context) is None  # type: ignore[arg-type]


async def test_what_is_synced_carries_the_translations(world: World) -> None:
    commands = {command.name: command for command in await world.app.parts.tree.fetch_commands()}
    assert set(commands) == {
        "help", "setup", "mode", "threshold", "undo", "history", "exempt", "alerts", "allow",
        "privacy", "score", "Why this score?", "Report to moderators",
    }  # fmt: skip
    menu = commands["Report to moderators"]
    assert menu.name_localizations[discord.Locale.german] == "Der Moderation melden"
    spanish = commands["score"].description_localizations[discord.Locale.latin_american_spanish]
    assert spanish == table("es")("command.score")


def test_every_permission_that_may_be_missing_has_its_name_in_discords_settings() -> None:
    needed = ALERT_PERMISSIONS | DELETE_PERMISSIONS | TIMEOUT_PERMISSIONS | EVIDENCE_PERMISSIONS
    missing = lacking(discord.Permissions.none(), needed)
    assert len(missing) == 7
    for language in LANGUAGES:
        named = table(language).permissions(missing).split(", ")
        assert len(set(named)) == len(missing)
        assert not set(named) & set(missing)  # by discord.py's names, as where one has none here
    note = Note("failed.delete_permission", {"missing": "read_messages manage_messages"})
    assert "Kanal: Kanal ansehen, Nachrichten verwalten" in table("de").note(note)
