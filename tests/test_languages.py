"""Answers are in the language of the person's client, alerts in the language of the server."""

from __future__ import annotations

import pytest

from bot.ui.words import table
from tests.answers import ask, offered, said
from tests.locales import client_in
from tests.world import BORDERLINE, World

GERMAN, SPANISH = table("de"), table("es")


async def test_alerts_speak_the_servers_language(world: World) -> None:
    await world.choose_desk()
    await ask(world, "alerts language", language="de")
    await world.say(BORDERLINE)
    assert (world.alert.embeds[0].title or "").startswith(GERMAN("alert.title.alert"))
    assert set(offered(world)) == {
        GERMAN(f"button.{name}") for name in ("delete", "timeout", "right", "wrong", "around")
    }
    with client_in("es-ES"):  # what a moderator's client speaks changes no alert
        await world.moderator.click(world.alert, label=GERMAN("button.wrong"))
    assert (world.alert.embeds[0].title or "").startswith(GERMAN("alert.title.alert"))
    await ask(world, "alerts language")
    assert world.policy.language is None


async def test_choosing_the_language_of_alerts_is_answered_in_the_persons_own(
    world: World,
) -> None:
    answer = await ask(world, "alerts language", language="de")
    assert answer.startswith("Alerts are now in Deutsch (German).")
    with client_in("de"):
        answer = await ask(world, "alerts language", language="es")
        assert answer.startswith("Sprache der Meldungen ab jetzt: Español (Spanisch).")
        answer = await ask(world, "alerts language")
        assert answer.startswith("Meldungen haben ab jetzt die Sprache des Servers: English")


@pytest.mark.parametrize(
    ("name", "options", "key"),
    [
        ("help", {}, "help.title"),
        ("setup", {}, "setup.title"),
        ("mode", {"mode": "observe"}, "mode.now_observing"),
        ("mode", {"mode": "enforce"}, "mode.already.enforce"),
        ("threshold show", {}, "show.title"),
        ("threshold reset", {}, "reset.nothing"),
        (
            "threshold preview",
            {"class": "insult", "action": "alert", "value": "0.9"},
            "preview.title",
        ),
        ("undo", {}, "undo.nothing_recent"),
        ("history", {}, "history.title"),
        ("exempt list", {}, "exempt.title"),
        ("exempt add", {"moderators": True}, "exempt.already.added"),
        ("exempt remove", {"moderators": True}, "exempt.removed"),
        ("alerts ping", {}, "ping.nobody.unchanged"),
        ("allow list", {}, "allow.nothing"),
        ("score", {"text": "hello"}, "score.title"),
    ],
)
async def test_every_answer_is_in_the_language_of_the_persons_client(
    world: World, name: str, options: dict[str, object], key: str
) -> None:
    # The server's own language is English, and its alerts are in Spanish.
    await world.change(alerts__language="es")
    with client_in("de"):
        assert GERMAN(key) in await ask(world, name, **options)


async def test_refusals_buttons_menus_and_choices_are_in_that_language_too(world: World) -> None:
    options = {"class": "insult", "action": "delete"}
    with client_in("de"):
        assert "die Schwelle für „löschen“" in await ask(
            world, "threshold set", **options, value="0.1"
        )
        choices = await world.moderator.autocomplete(
            world.desk, "threshold set", "value", "", **options
        )
        assert GERMAN("value.inherit") in [choice["name"] for choice in choices]
        dialogue = await world.moderator.slash(world.desk, "setup")
        assert dialogue.response is not None
        await world.moderator.select(dialogue.response, [world.desk], custom_id="bw:setup_channel")
        assert dialogue.response.content.startswith("Meldungen gehen jetzt an")
        await world.moderator.click(dialogue.response, label=GERMAN("button.setup_test"))
        assert "steht eine Probemeldung" in dialogue.response.content
    assert world.alert.embeds[0].title == table("en")("setup.test_title")
    with client_in("es-419"):
        assert said(await world.member.slash(world.general, "privacy show")).startswith(
            "Aquí no se guarda nada"
        )
        choices = await world.moderator.autocomplete(world.desk, "undo", "change", "")
        assert choices[0]["name"].startswith("#1 (tuyo) canal de alertas: sin elegir")
