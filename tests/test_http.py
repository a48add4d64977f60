from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.ui.web.predict import MAX_BODY, create_api
from model.classes import CLASSES
from model.scorer import Scorer


def client(scorer: Scorer, problem: str | None = None) -> httpx.AsyncClient:
    api = create_api(scorer, lambda: problem)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api, raise_app_exceptions=False), base_url="http://test"
    )


async def test_predict_gives_every_class(scorer: Scorer) -> None:
    async with client(scorer) as http:
        answer = await http.post("/predict", json={"text": "hello there"})
    assert answer.status_code == 200
    assert tuple(answer.json()) == CLASSES
    assert answer.json() == dict(scorer.score(["hello there"])[0])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"text": 5}', b'{"text": "a", "more": 1}', b'"text"', b"\xff\xfe"],
)
async def test_what_is_not_a_text_is_refused_without_repeating_it(
    scorer: Scorer, body: bytes
) -> None:
    async with client(scorer) as http:
        answer = await http.post(
            "/predict", content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code in {400, 422}
    assert '"input":' not in answer.text


async def test_a_lone_surrogate_is_no_server_error(scorer: Scorer) -> None:
    async with client(scorer) as http:
        answer = await http.post(
            "/predict",
            content=b'{"text": "a \\ud800 b"}',
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code in {200, 422}


async def test_a_huge_body_is_refused(scorer: Scorer) -> None:
    async with client(scorer) as http:
        answer = await http.post("/predict", json={"text": "a" * MAX_BODY})
    assert answer.status_code == 413


async def test_a_body_of_unknown_length_is_refused(scorer: Scorer) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        while True:
            yield b"a" * 1_000

    async with client(scorer) as http:
        answer = await http.post(
            "/predict", content=endless(), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 411


async def test_a_length_does_not_excuse_a_chunked_body(scorer: Scorer) -> None:
    async with client(scorer) as http:
        answer = await http.post(
            "/predict",
            content=b'{"text": "a"}',
            headers={"Content-Length": "5", "Transfer-Encoding": "chunked"},
        )
    assert answer.status_code == 411


async def test_health(scorer: Scorer) -> None:
    async with client(scorer) as http:
        answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "model": scorer.version, "set_aside": 0},
    )
    async with client(scorer, "not scoring") as http:
        answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not scoring")
