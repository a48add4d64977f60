"""When the client is ready: the real one, in this process, on the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.clock import Clock
from bot.domain import GuildId, Post
from bot.platform.client import Client
from tests.standin import GUILD, NEIGHBOUR, TOKEN, StandIn

FOR_EVER = 3_600.0
FIRST, SECOND = ("available", GUILD), ("available", NEIGHBOUR)
READY = ("ready", 0)


@dataclass(slots=True)
class Told:
    """Notes what the client tells of servers."""

    events: list[tuple[str, int]] = field(default_factory=list)
    sessions: int = 0

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        raise AssertionError((post, nickname, later))

    def title(self, post: Post) -> None:
        raise AssertionError(post)

    async def prepare(self) -> None:
        pass

    def session_begins(self) -> None:
        self.sessions += 1

    async def ready(self) -> None:
        self.events.append(READY)

    def unavailable(self, guild: GuildId) -> None:
        self.events.append(("unavailable", guild))

    async def available(self, guild: GuildId) -> None:
        self.events.append(("available", guild))

    async def joined(self, guild: GuildId) -> None:
        self.events.append(("joined", guild))

    async def left(self, guild: GuildId) -> None:
        self.events.append(("left", guild))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    """Two servers."""
    async with StandIn().serving() as found:
        found.next_door()
        yield found


async def _at_once(client: Client, shard_id: int | None, *, initial: bool = False) -> None:
    del client, shard_id, initial


@asynccontextmanager
async def connecting(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, silence: float
) -> AsyncIterator[Told]:
    monkeypatch.setattr("bot.platform.client.SILENCE", silence)
    # discord.py lets five seconds pass between two sessions.
    monkeypatch.setattr(Client, "before_identify_hook", _at_once)
    monkeypatch.setattr(Route, "BASE", standin.api_base)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(standin.gateway_url))
    told = Told()
    client = Client(told, Clock())
    working = asyncio.create_task(client.work(TOKEN))
    try:
        yield told
    finally:
        await client.close()
        await working


async def test_it_is_ready_once_the_last_server_is_there_and_not_before(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.out |= {GUILD, NEIGHBOUR}
    async with connecting(standin, monkeypatch, FOR_EVER) as told:
        for session in (1, 2):
            await until(lambda: told.sessions == session)  # noqa: B023 - awaited here
            told.events.clear()
            for guild in (GUILD, NEIGHBOUR):
                await asyncio.sleep(0.1)  # in which it could be ready too early
                await standin.dispatch("GUILD_CREATE", standin.guild(guild))
            await until(lambda: READY in told.events)
            assert told.events == [FIRST, SECOND, READY]
            await standin.hang_up(forget=True)


async def test_servers_that_come_together_are_all_told_of(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connecting(standin, monkeypatch, FOR_EVER) as told:
        await until(lambda: READY in told.events)
        assert told.events == [FIRST, SECOND, READY]


async def test_it_is_ready_at_once_where_it_is_in_no_server(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.invited = False
    async with connecting(standin, monkeypatch, FOR_EVER) as told:
        await until(lambda: READY in told.events)
        assert told.events == [READY]


async def test_a_server_that_is_out_is_not_waited_for(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.out.add(NEIGHBOUR)
    async with connecting(standin, monkeypatch, 0.1) as told:
        await until(lambda: READY in told.events)
        assert told.events == [FIRST, READY]
        await standin.dispatch("GUILD_CREATE", standin.guild(NEIGHBOUR))
        await until(lambda: SECOND in told.events)
