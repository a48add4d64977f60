"""What Discord tells is taken in its order, before anything waits; real frames, real discord.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.clock import Clock
from bot.domain import GuildId, Post
from bot.domain.snowflakes import snowflake_at
from bot.platform.client import Client
from tests.standin import GENERAL, GUILD, StandIn

Nickname = Callable[[], Post | None]


@dataclass(slots=True)
class Heard:
    """Notes what it is told."""

    told: list[str] = field(default_factory=list)

    def message(self, post: Post, nickname: Nickname, *, later: bool) -> None:
        del nickname
        if post.text == "unreadable":
            raise ValueError("private words")
        self.told.append(f"{'edit' if later else 'message'} {post.text}")

    def title(self, post: Post) -> None:
        self.told.append(f"title {post.text}")

    def session_begins(self) -> None:
        self.told.append("session")

    def unavailable(self, guild: GuildId) -> None:
        self.told.append(f"out {guild}")

    async def prepare(self) -> None:
        self.told.append("prepare")

    async def ready(self) -> None:
        self.told.append("ready")

    async def available(self, guild: GuildId) -> None:
        self.told.append(f"back {guild}")

    async def joined(self, guild: GuildId) -> None:
        self.told.append(f"joined {guild}")

    async def left(self, guild: GuildId) -> None:
        self.told.append(f"left {guild}")


@pytest.fixture
async def heard() -> Heard:
    return Heard()


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(heard: Heard, clock: Clock) -> AsyncIterator[Client]:
    async with Client(heard, clock) as made:
        made._connection.parsers["GUILD_CREATE"](StandIn().guild(GUILD))
        await asyncio.sleep(0)
        heard.told.clear()
        yield made


def write(
    client: Client, text: str, *, event: str = "MESSAGE_CREATE", number: int = 0, **more: Any
) -> None:
    standin = StandIn()
    frame = standin.message(number or standin.new_id(), GENERAL, 2002, text)
    client._connection.parsers[event](frame | more)


async def test_frames_that_come_at_once_are_taken_in_their_order(
    client: Client, heard: Heard
) -> None:
    """Nothing is awaited in between: a message before "session" would let its mark rise."""
    client.dispatch("connect")
    write(client, "one")
    write(client, "two", event="MESSAGE_UPDATE")
    client.dispatch("guild_unavailable", client.get_guild(GUILD))
    write(client, "three")
    assert heard.told == ["session", "message one", "edit two", f"out {GUILD}", "message three"]


async def test_what_may_wait_is_told_in_a_task(client: Client, heard: Heard) -> None:
    client.dispatch("guild_available", client.get_guild(GUILD))
    assert heard.told == []
    await asyncio.sleep(0)
    assert heard.told == [f"back {GUILD}"]


async def test_a_message_that_cannot_be_read_is_skipped_without_its_text(
    client: Client, heard: Heard
) -> None:
    with capture_logs() as logged:
        write(client, "unreadable")
        write(client, "one")
    assert heard.told == ["message one"]
    assert client.malformed == 1
    assert [entry["event"] for entry in logged] == ["malformed frame received"]
    assert "private" not in str(logged)


@pytest.mark.parametrize("text", ["hello", ""])
async def test_every_message_says_how_late_it_is_at_least(
    client: Client, clock: Clock, text: str
) -> None:
    """Also one without a text, which nobody scores."""
    later = clock.now() + timedelta(hours=5)
    write(client, text, number=snowflake_at(later))
    assert clock.now() >= later - timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "part",
    [
        {"sticker_items": [{"id": "1", "name": "shown", "format_type": 1}]},
        {"components": [{"type": 10, "id": 1, "content": "shown"}]},
    ],
    ids=lambda part: next(iter(part)),
)
@pytest.mark.parametrize("content", ["", "hello"])
async def test_a_sticker_or_component_alone_is_read(
    client: Client, heard: Heard, part: dict[str, Any], content: str
) -> None:
    write(client, content, **part)
    assert heard.told == ["message " + "\n".join(filter(None, (content, "shown")))]
