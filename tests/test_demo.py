"""The demo without a browser: what is seeded, and what its page answers."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from aiohttp import ClientResponse, ClientSession

from bot.demo import BORDERLINE, HATEFUL, World, world
from bot.demo.mentions import as_discord_shows
from bot.demo.narration import guide_message, steps
from bot.errors import OperatorError


class Visitor:
    """A browser without a screen: it sends what the demo's page would send."""

    def __init__(self, shown: World, http: ClientSession) -> None:
        self.shown = shown
        self.http = http
        self.root, _, self.capability = shown.page.url.partition("/#")

    async def ask(
        self, path: str, document: dict[str, Any] | None = None, **headers: str
    ) -> ClientResponse:
        known = {"X-Simcord-Capability": self.capability} | headers
        method = "GET" if document is None else "POST"
        return await self.http.request(method, self.root + path, json=document, headers=known)

    async def say(self, text: str) -> ClientResponse:
        viewer = str(self.shown.member.id)
        return await self.ask("/demo/say", {"viewer_id": viewer, "text": text})


@asynccontextmanager
async def visited(folder: Path) -> AsyncIterator[Visitor]:
    async with world(folder) as shown, ClientSession() as http:
        yield Visitor(shown, http)


def buttons(shown: World) -> list[str | None]:
    return [
        child.label
        for message in shown.channel.history()
        for row in message.components
        for child in getattr(row, "children", ())
    ]


async def test_nothing_is_alerted_before_the_visitor_writes(tmp_path: Path) -> None:
    async with world(tmp_path) as shown:
        history = shown.channel.history()
        assert buttons(shown) == []
        assert history[-1].content == guide_message()
        assert HATEFUL in history[-1].content  # read by the bot, and left alone
        times = [message.created_at for message in history]
        assert times == sorted(times)
        assert times[-1] - times[0] > timedelta(minutes=10)
        robin, morgan = (
            discord.utils.snowflake_time(each.id) for each in (shown.member, shown.moderator)
        )
        assert robin > morgan  # who has just joined is who gets into trouble


async def test_every_command_of_the_guide_exists(tmp_path: Path) -> None:
    async with world(tmp_path) as shown:
        known = set(shown.moderator.available_commands(shown.channel))
    named = re.findall(r"`/([^`]+)`", " ".join(f"{step.what} {step.result}" for step in steps()))
    assert named
    assert set(named) <= known


async def test_messages_sent_all_at_once_wait_for_their_turn(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        texts = [f"message {number}" for number in range(12)]
        answers = await asyncio.gather(*(visitor.say(text) for text in texts))
        assert [answer.status for answer in answers] == [200] * 12
        written = [message.content for message in visitor.shown.channel.history()]
        assert set(texts) <= set(written)


async def test_a_message_is_written_when_it_is_written(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        before = datetime.now(UTC) - timedelta(milliseconds=1)  # ids tell milliseconds
        await visitor.say("what time is it?")
        after = datetime.now(UTC)
        written = visitor.shown.channel.history()[-1].created_at
        assert before <= written <= after


async def test_a_click_counts_whatever_arrived_since_the_page_was_shown(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        page = await (await visitor.ask("/api/pages", {})).json()
        shown_before = page["publishedRevision"]
        await visitor.say("something arrives meanwhile")
        action = {
            "protocol_version": 3,
            "sequence": 1,
            "request_id": "one",
            "generation": page["context"]["generation"],
            "bot_generation": page["botGeneration"],
            "published_revision": shown_before,
            "kind": "send_message",
            "target_id": page["targetId"],
            "content": "and this is sent all the same",
            "reply_to_id": None,
        }
        context = {"X-Simcord-Context": page["context"]["id"]}
        receipt = await (await visitor.ask("/api/action", action, **context)).json()
        assert receipt["rejected"] is False, receipt["diagnostics"]
        assert receipt["settlement"] == "settled"


async def test_who_may_not_write_is_told_so_and_loses_nothing(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        shown = visitor.shown
        guild = shown.app.client.get_guild(shown.member.guild.id)
        assert guild is not None
        member = await guild.fetch_member(shown.member.id)
        await member.timeout(timedelta(hours=1))
        answer = await visitor.say("let me in")
        assert answer.status == 409
        assert await answer.text() == "Robin cannot write here at the moment."


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, 7])
async def test_a_message_has_text_of_a_length_that_discord_takes(
    tmp_path: Path, text: object
) -> None:
    async with visited(tmp_path) as visitor:
        document = {"viewer_id": str(visitor.shown.member.id), "text": text}
        assert (await visitor.ask("/demo/say", document)).status == 400


async def test_menus_hold_what_discord_shows_each_of_them(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        shown = visitor.shown
        menus = [
            await (await visitor.ask("/demo/menus", {"viewer_id": str(person.id)})).json()
            for person in (shown.member, shown.moderator)
        ]
    names = [set(menu["names"]) for menu in menus]
    assert names[0] < names[1]
    assert len(names[1]) == 2


async def test_a_menu_on_a_message_that_is_gone_says_so(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        document = {"viewer_id": str(visitor.shown.member.id), "message_id": "1", "name": "x"}
        answer = await visitor.ask("/demo/menu", document)
        assert answer.status == 409
        assert await answer.text() == "That message is gone."


async def test_only_who_has_the_address_can_act(tmp_path: Path) -> None:
    async with visited(tmp_path) as visitor:
        document = {"viewer_id": str(visitor.shown.member.id), "text": BORDERLINE}
        wrong = {"X-Simcord-Capability": "guessed"}
        for path in ("/demo/say", "/demo/menus", "/demo/menu", "/api/pages"):
            assert (await visitor.ask(path, document, **wrong)).status == 401
        assert (await visitor.ask("/", Host="elsewhere.example")).status == 403
        stranger = {"viewer_id": "1", "text": "hello"}
        assert (await visitor.ask("/demo/say", stranger)).status == 400


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            OperatorError, match=rf"port {port} .*Address already in use.*0 for any"
        ):
            async with world(tmp_path, port):
                pass


def test_mentions_in_embeds_show_names() -> None:
    names = {"<@12>": "@Ada", "<#3>": "#general"}
    field: list[Any] = [
        {"type": "paragraph", "children": [{"type": "text", "content": "by <@!12>, <@99>"}]}
    ]
    title = [{"type": "text", "content": "<@12>"}]
    embed: dict[str, Any] = {
        "title_tokens": title,
        "description_tokens": [{"type": "text", "content": "in <#3>"}],
        "fields": [{"value_tokens": field}],
    }
    as_discord_shows({"messages": {"1": {"embeds": [embed]}}}, names)
    mention = {"type": "mention", "label": "@Ada"}
    assert mention in field[0]["children"]
    assert {"type": "text", "content": ", <@99>"} in field[0]["children"]
    assert {"type": "mention", "label": "#general"} in embed["description_tokens"]
    assert title == [{"type": "text", "content": "<@12>"}]  # Discord shows none in a title


def test_what_was_moments_ago_is_drawn_anew_as_time_goes_by() -> None:
    relative = {"type": "timestamp", "unix": 5, "style": "R"}
    absolute = {"type": "timestamp", "unix": 5, "style": "t"}
    state = {
        "profile": {"presentationTime": "2026-01-01T00:00:10+00:00"},
        "messages": {"1": {"content_tokens": [{"children": [relative, absolute]}]}},
    }
    as_discord_shows(state, {})
    assert relative["drawn_at"] == "2026-01-01T00:00:10+00:00"
    assert "drawn_at" not in absolute
