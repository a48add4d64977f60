"""The HTTP interface on a real socket: nobody who asks it holds up the others, or the bot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from bot.app.logs import Repeats
from bot.ui.web import limits
from bot.ui.web.limits import BusyError, Precedence
from bot.ui.web.predict import create_api
from bot.ui.web.server import HttpServer
from model.scorer import Scorer
from tests.world import BENIGN

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(api: FastAPI) -> AsyncIterator[int]:
    server = HttpServer(api, "127.0.0.1", 0)
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Peer]]:
    peers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield peers
    finally:
        for _, writer in peers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def closed(peer: Peer) -> bool:
    """Whether the server has hung up, or does so in a moment."""
    try:
        async with asyncio.timeout(5):
            await peer[0].read()  # up to the end, after an answer or without one
            return True
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def predict(port: int) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"http://127.0.0.1:{port}/predict", json={"text": BENIGN})


async def test_more_connections_than_allowed_are_closed_at_once(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 3)
    async with serving(create_api(scorer)) as port:
        async with connections(port, 5) as peers:
            assert [await closed(peer) for peer in peers[3:]] == [True, True]
            writer = peers[0][1]
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peers[0][0].readline()).startswith(b"HTTP/1.1 200")
        assert (await predict(port)).status_code == 200  # the others made room


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST /predict HTT", b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"],
)
async def test_a_connection_that_brings_no_whole_request_is_closed(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.2)
    async with serving(create_api(scorer)) as port:
        async with connections(port, 1) as (peer,):
            peer[1].write(begun)
            assert await closed(peer)


async def test_a_text_waits_for_the_bots_own_messages_and_then_is_refused(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.3)
    idle = asyncio.Event()
    async with serving(create_api(scorer, idle=idle)) as port:
        refused = await predict(port)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert json.loads(refused.content) == {"error": "busy; try again"}
        waiting = asyncio.create_task(predict(port))
        await asyncio.sleep(0.05)
        idle.set()
        assert (await waiting).status_code == 200


async def test_one_text_at_a_time_and_so_many_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_WAITING", 3)
    precedence, inside, most = Precedence(None), 0, 0
    leave = asyncio.Event()

    async def turn() -> None:
        nonlocal inside, most
        async with precedence.turn():
            inside += 1
            most = max(most, inside)
            await leave.wait()
            inside -= 1

    turns = [asyncio.create_task(turn()) for _ in range(4)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leave.set()
    results = await asyncio.gather(*turns, return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 3 + [BusyError]
    assert most == 1


def record(message: object, logger: str = "asyncio") -> logging.LogRecord:
    return logging.LogRecord(logger, logging.ERROR, "f", 1, message, (), None)


def test_what_a_library_logs_again_and_again_is_dropped_and_counted() -> None:
    repeats = Repeats()
    passed = [repeats.filter(record("socket.accept() out of system resource")) for _ in range(50)]
    assert sum(passed) == Repeats.MOST
    assert repeats.filter(record("something else"))
    assert repeats.filter(record("socket.accept() out of system resource", "discord"))
    # The bot's own lines are dictionaries; each of them is about another message.
    assert all(repeats.filter(record({"event": "action finished"})) for _ in range(50))


def test_after_a_minute_it_is_said_how_often_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("bot.app.logs.time.monotonic", lambda: now)
    repeats = Repeats()
    for _ in range(50):
        repeats.filter(record("again"))
    now = Repeats.SECONDS
    last = record("again")
    assert repeats.filter(last)
    assert last.msg == "again (40 more were dropped)"
