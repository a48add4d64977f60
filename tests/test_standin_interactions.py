"""The stand-in follows Discord's rules on when and how often interactions are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.standin import GENERAL, MEMBER, StandIn
from tests.standin.asking import LINE, Asking, asking, hook
from tests.standin.interactions import COMMAND, DEFER_SEND, DEFER_UPDATE, SEND, Interaction

EPHEMERAL = 64


@pytest.fixture
async def bot() -> AsyncIterator[Asking]:
    """Makes requests that Discord refuses, so nothing is checked against its document."""
    async with asking(StandIn(schema=None)) as found:
        yield found


@pytest.fixture
async def command(bot: Asking) -> Interaction:
    return await bot.standin.interact(COMMAND, {"name": "score"})


async def test_an_interaction_is_answered_within_3_seconds(
    bot: Asking, command: Interaction
) -> None:
    bot.standin.ahead_seconds += 3.1
    assert await bot.reply(command, SEND, content=LINE) == (404, 10062)
    assert await bot.follow(command) == (404, 10015)
    assert bot.standin.answers == []


async def test_an_interaction_is_answered_once(bot: Asking, command: Interaction) -> None:
    answered = await bot.reply(command, SEND, content=LINE)
    assert answered["resource"]["message"]["content"] == LINE
    assert await bot.reply(command, SEND, content=LINE) == (400, 40060)
    bot.standin.ahead_seconds += 3.1
    assert await bot.reply(command, SEND, content=LINE) == (400, 40060)


async def test_followups_are_refused_before_the_first_answer(
    bot: Asking, command: Interaction
) -> None:
    assert await bot.follow(command) == (404, 10015)
    for method in ("GET", "PATCH"):
        body = {"content": LINE} if method == "PATCH" else None
        assert await bot.ask(method, hook(command, "@original"), body) == (404, 10015)
    unknown = Interaction(1, "token-1", COMMAND, MEMBER, GENERAL, 0, 0)
    assert await bot.reply(unknown, SEND, content=LINE) == (404, 10062)
    assert await bot.follow(unknown) == (401, 50027)


async def test_a_token_lasts_15_minutes(bot: Asking, command: Interaction) -> None:
    await bot.reply(command, SEND, content=LINE)
    bot.standin.ahead_seconds += 15 * 60 - 5
    assert (await bot.follow(command))["content"] == LINE
    edit = {"content": "new"}
    edited = await bot.ask("PATCH", hook(command, "@original"), edit)
    assert edited["content"] == "new"
    bot.standin.ahead_seconds += 10
    assert await bot.follow(command) == (401, 50027)
    assert await bot.ask("PATCH", hook(command, "@original"), edit) == (401, 50027)
    assert await bot.ask("GET", hook(command, "@original")) == (401, 50027)


async def test_the_first_followup_replaces_the_loading_message(
    bot: Asking, command: Interaction
) -> None:
    answered = await bot.reply(command, DEFER_SEND, flags=EPHEMERAL)
    assert answered["interaction"]["response_message_loading"]
    first = await bot.follow(command)
    assert first["id"] == answered["interaction"]["response_message_id"]
    assert first["flags"] == EPHEMERAL
    second = await bot.follow(command)
    assert second["id"] != first["id"]
    assert second["flags"] == 0
    # Ephemeral messages are in no channel.
    assert list(bot.standin.messages) == [int(second["id"])]


async def test_a_followup_can_be_deleted(bot: Asking, command: Interaction) -> None:
    await bot.reply(command, DEFER_SEND, flags=EPHEMERAL)
    for flags in (EPHEMERAL, EPHEMERAL, 0):
        message = (await bot.follow(command, flags=flags))["id"]
        assert await bot.ask("DELETE", hook(command, message)) is None
        assert await bot.ask("GET", hook(command, message)) == (404, 10008)


async def test_only_a_button_can_defer_an_update_of_its_message(
    bot: Asking, command: Interaction
) -> None:
    assert await bot.reply(command, DEFER_UPDATE) == (400, 50035)
    button = {"type": 2, "style": 1, "custom_id": "bw:delete:1:0", "label": "x"}
    alert = int((await bot.send(components=[{"type": 1, "components": [button]}]))["id"])
    click = await bot.standin.click(alert, "delete", by=7001)
    await bot.reply(click, DEFER_UPDATE)
    assert (await bot.ask("GET", hook(click, "@original")))["id"] == str(alert)
