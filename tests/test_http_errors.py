"""Every HTTP error has one shape, ``{"error": "…"}``, and says what to do."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI

from bot.ui.web import limits
from bot.ui.web.limits import BusyError
from bot.ui.web.predict import MAX_BODY, create_api
from bot.ui.web.server import HttpServer
from model.scorer import Scorer

JSON = {"Content-Type": "application/json"}
TYPE = b"Content-Type: application/json\r\n"
SEND = 'send {"text": "..."}'


async def ask(api: FastAPI, method: str, path: str, **more: object) -> httpx.Response:
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.request(method, path, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "said"),
    [
        ("GET", "/", {}, 404, "there is nothing at this address; there are POST /predict and GET"),
        ("POST", "/score", {"content": b"{}"}, 404, "there is nothing at this address; there are"),
        ("GET", "/predict", {}, 405, "GET is not allowed here; use POST"),
        ("POST", "/healthz", {"content": b""}, 405, "POST is not allowed here; use GET"),
        (
            "POST",
            "/predict",
            {"content": b'{"text": "a"}'},
            415,
            "there is no Content-Type; send Content-Type: application/json",
        ),
        (
            "POST",
            "/predict",
            {"content": b'{"text": "a"}', "headers": {"Content-Type": "text/plain"}},
            415,
            "Content-Type is 'text/plain'; send Content-Type: application/json",
        ),
        ("POST", "/predict", {"data": {"text": "a"}}, 415, "Content-Type is 'application/x-www-fo"),
        (
            "POST",
            "/predict",
            {"json": {"text": "a" * MAX_BODY}},
            413,
            "the body is longer than 1,000,000 bytes; send less",
        ),
        (
            "POST",
            "/predict",
            {"headers": JSON | {"Transfer-Encoding": "chunked"}, "content": b"{}"},
            411,
            "send the body with a Content-Length",
        ),
        ("POST", "/predict", {"headers": JSON, "content": b"\xff{"}, 400, "not JSON in UTF-8"),
        ("POST", "/predict", {"headers": JSON, "content": b""}, 422, "the body is empty; " + SEND),
        ("POST", "/predict", {"headers": JSON, "content": b"{"}, 422, "not JSON; " + SEND),
        ("POST", "/predict", {"json": [1]}, 422, "not an object; " + SEND),
        ("POST", "/predict", {"json": {}}, 422, '"text" is missing; ' + SEND),
        ("POST", "/predict", {"json": {"text": 5}}, 422, '"text" is not a string; ' + SEND),
        ("POST", "/predict", {"json": {"text": "a", "b": 1}}, 422, "the only key allowed; " + SEND),
        ("POST", "/predict", {"json": {"txt": "a"}}, 422, '"txt" is not a key; "text" is the only'),
    ],
)
async def test_a_refused_request(
    scorer: Scorer, method: str, path: str, more: dict[str, object], status: int, said: str
) -> None:
    answer = await ask(create_api(scorer), method, path, **more)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]
    if status == 405:
        assert answer.headers["allow"] in answer.json()["error"]


async def test_a_key_that_could_be_a_message_is_not_repeated(scorer: Scorer) -> None:
    answer = await ask(create_api(scorer), "POST", "/predict", json={"a whole message": 1})
    assert answer.status_code == 422
    assert "a whole message" not in answer.text


@pytest.mark.parametrize("given", ["application/json", "Application/JSON; charset=utf-8"])
async def test_a_content_type_may_say_more(scorer: Scorer, given: str) -> None:
    body = b'\xef\xbb\xbf{"text": "a"}'
    api = create_api(scorer)
    answer = await ask(api, "POST", "/predict", content=body, headers={"Content-Type": given})
    assert answer.status_code == 200


async def test_what_is_wrong_with_the_bot_is_an_error_too(scorer: Scorer) -> None:
    answer = await ask(create_api(scorer, lambda: "not judging"), "GET", "/healthz")
    assert answer.status_code == 503
    assert answer.json()["error"] == answer.json()["status"] == "not judging"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(BusyError(), 503, "busy; try again"), (RuntimeError("a secret"), 500, "its log has more")],
)
async def test_what_fails_inside(scorer: Scorer, error: Exception, status: int, said: str) -> None:
    api = create_api(scorer)

    @api.get("/failing")
    def failing() -> None:
        raise error

    answer = await ask(api, "GET", "/failing")
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]
    assert "a secret" not in answer.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no such protocol\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHo", 408),
        (
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n" + TYPE + b"\r\n{",
            408,
        ),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea", 408),
        (b"", None),
    ],
)
async def test_what_never_reaches_the_application(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch, sent: bytes, status: int | None
) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.2)
    server = HttpServer(create_api(scorer), "127.0.0.1", 0)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        async with asyncio.timeout(30):
            received = await reader.read()
        writer.close()
    finally:
        await server.stop()
    # The last answer; one to a complete request may come before it.
    head, _, body = received.rpartition(b"HTTP/1.1")[2].partition(b"\r\n\r\n")
    if status is None:
        assert received == b""  # who asks nothing gets no answer
        return
    assert int(head.split()[0]) == status
    assert list(json.loads(body)) == ["error"]
