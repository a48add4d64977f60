"""Everything is checked against Discord's document, and violations fail a test."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.http import handle_message_parameters

from tests.standin import BOT, GENERAL, GUILD, TOKEN, StandIn, only
from tests.standin.checks import ViolationError
from tests.standin.deviations import DEVIATIONS, is_known
from tests.standin.http import JSON, Form
from tests.standin.people import shown_command
from tests.standin.schema import ABSENT, Schema, published

MESSAGES = f"/channels/{GENERAL}/messages"


if published() is None:
    pytest.skip(ABSENT, allow_module_level=True)


@pytest.fixture
def schema() -> Schema:
    found = published()
    assert found is not None
    return found


def sent(schema: Schema, method: str, path: str, body: Any = None, **query: str) -> list[str]:
    form = None if body is None else Form(body)
    return sorted(schema.request(method, path, query, JSON, form))


async def asked(method: str, path: str, **more: Any) -> None:
    """Send one request to a stand-in that checks it against the document."""
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with StandIn().serving() as standin, aiohttp.ClientSession(headers=headers) as session:
        async with session.request(method, standin.api_base + path, **more):
            pass


async def test_a_request_that_violates_the_document_fails_the_test() -> None:
    with pytest.raises(ViolationError, match="create_message request body: unknown field 'colour'"):
        await asked("POST", MESSAGES, json={"content": "x", "colour": 1})
    await asked("POST", MESSAGES, json={"content": "x"})


async def test_an_answer_that_violates_the_document_fails_the_test() -> None:
    standin = StandIn()
    standin.channels[GENERAL]["flags"] = "none"
    headers = {"Authorization": f"Bot {TOKEN}"}
    with pytest.raises(ViolationError, match="get_channel answer 200 body/flags: 'none' is not"):
        async with standin.serving(), aiohttp.ClientSession(headers=headers) as session:
            await (await session.get(f"{standin.api_base}/channels/{GENERAL}")).read()


async def test_violations_do_not_hide_the_first_error() -> None:
    with pytest.raises(KeyError) as raised:
        async with StandIn(violations=["something"]).serving():
            raise KeyError
    assert raised.value.__notes__ == ["against Discord's document: something"]


def test_paths_and_queries(schema: Schema) -> None:
    assert sent(schema, "GET", MESSAGES, limit="100", after="12") == []
    assert sent(schema, "GET", MESSAGES, limit="101") == [
        "list_messages request limit: 101 is greater than the maximum of 100"
    ]
    assert sent(schema, "GET", MESSAGES, limit="many") == [
        "list_messages request limit: 'many' is not of type 'integer'"
    ]
    assert sent(schema, "GET", MESSAGES, first="1") == [
        "list_messages request first: unknown parameter"
    ]
    assert sent(schema, "GET", "/channels/general/messages") == [
        "list_messages request channel_id: 'general' does not match '^(0|[1-9][0-9]*)$'"
    ]
    assert sent(schema, "GET", "/channels/1/letters") == [
        "GET /channels/1/letters: no such operation"
    ]
    assert sent(schema, "GET", f"/webhooks/{BOT}/t/messages/@original") == []


def test_bodies(schema: Schema) -> None:
    assert sent(schema, "POST", MESSAGES) == ["create_message request body: missing"]
    assert sent(schema, "GET", MESSAGES, {}) == ["list_messages request body: must be empty"]
    assert sent(schema, "POST", f"{MESSAGES}/bulk-delete", {"messages": ["1", "1"]}) == [
        "bulk_delete_messages request body/messages: ['1', '1'] has non-unique elements"
    ]
    button = {"type": 2, "style": 9, "custom_id": "x"}
    (found,) = sent(schema, "POST", MESSAGES, {"components": [{"type": 1, "components": [button]}]})
    assert found.startswith("create_message request body/components/0/components/0/style: 9 is not")
    until = {"communication_disabled_until": "tomorrow"}
    (found,) = sent(schema, "PATCH", f"/guilds/{GUILD}/members/1", until)
    assert found.endswith("/communication_disabled_until: 'tomorrow' is not a 'date-time'")
    form = Form({"content": "x"}, {"chart": None})  # type: ignore[dict-item]
    assert list(schema.request("POST", MESSAGES, {}, "text/plain", form)) == [
        "create_message request media type 'text/plain': unknown",
        "create_message request part 'chart': unknown",
    ]


def test_answers(schema: Schema) -> None:
    def answered(status: int, body: bytes, media: str = JSON) -> list[str]:
        return list(schema.answer("DELETE", f"{MESSAGES}/1", status, media, body))

    assert answered(204, b"") == []
    assert answered(204, b"{}") == ["delete_message answer 204 body: must be empty"]
    assert answered(200, b"{}") == ["delete_message answer 200: unknown status"]
    assert answered(404, b'{"code": 10008, "message": "Unknown Message"}') == []
    assert answered(404, b'{"code": 10008}') == [
        "delete_message answer 404 body: 'message' is a required property"
    ]
    text = answered(404, b'{"code": 1, "message": ""}', "text/html")
    assert text == ["delete_message answer 404 media type 'text/html': unknown"]
    assert answered(503, b"<html>") == []


async def test_a_rate_limit_without_a_code_is_a_known_deviation() -> None:
    standin = StandIn(fault=only("429", "/channels/"))
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with standin.serving(), aiohttp.ClientSession(headers=headers) as session:
        async with session.get(standin.api_base + MESSAGES) as response:
            assert response.status == 429
    assert standin.violations == []


async def pick(interaction: discord.Interaction, channel: discord.abc.GuildChannel) -> None:
    """Pick a channel."""
    del interaction, channel


def differing(schema: Schema) -> Iterator[str]:
    """The violations of ordinary discord.py calls."""
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    command: Any = app_commands.Command(name="pick", description="Pick", callback=pick)
    path = f"/applications/{BOT}/commands"
    yield from sent(schema, "PUT", path, [command.to_dict(tree)])
    answered = json.dumps([shown_command(5000, command.to_dict(tree))]).encode()
    yield from schema.answer("PUT", path, 200, JSON, answered)

    mentions = discord.AllowedMentions(users=[discord.Object(1)], roles=[discord.Object(2)])
    file = discord.File(io.BytesIO(b"x"), filename="x.png")
    message = handle_message_parameters(
        "x", embed=discord.Embed(title="x"), file=file, allowed_mentions=mentions
    )
    (part, _) = message.multipart or ({}, {})
    yield from sent(schema, "POST", MESSAGES, json.loads(part["value"]))
    edit = handle_message_parameters("x").payload
    yield from sent(schema, "PATCH", f"{MESSAGES}/1", edit)
    yield from sent(schema, "PATCH", f"/webhooks/{BOT}/t/messages/@original", edit)

    # These it puts together in the very methods that send them.
    yield from sent(schema, "POST", f"{MESSAGES}/bulk-delete", {"messages": [1, 2]})
    callback = "/interactions/1/t/callback"
    yield from sent(schema, "POST", callback, {"type": 6}, with_response="1")
    yield from sent(schema, "POST", f"/webhooks/{BOT}/t", {}, wait="1", with_components="0")
    yield from schema.answer("GET", MESSAGES, 429, JSON, LIMITED)


LIMITED = b'{"message": "You are being rate limited.", "retry_after": 1, "global": false}'


def test_each_deviation_still_happens_and_there_is_no_other(schema: Schema) -> None:
    found = list(differing(schema))
    assert [violation for violation in found if not is_known(violation)] == []
    for deviation in DEVIATIONS:
        assert any(re.match(deviation.pattern, violation) for violation in found), deviation
    assert not is_known("create_message request body: unknown field 'flags'")
