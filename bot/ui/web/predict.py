"""POST /predict and GET /healthz."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.domain import clean
from bot.ui.web.errors import add_handlers, answer
from bot.ui.web.limits import BusyError, Precedence
from model.normalise import MAX_CHARACTERS
from model.scorer import Scorer

MAX_BODY: Final = 1_000_000
JSON: Final = "application/json"


class Text(BaseModel):
    """The body of a request to /predict."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, Field(description=f"only its first {MAX_CHARACTERS:,} characters are scored")
    ]


def create_api(
    scorer: Scorer,
    problem: Callable[[], str | None] = lambda: None,
    *,
    idle: asyncio.Event | None = None,
    set_aside: Callable[[], int] = lambda: 0,
) -> FastAPI:
    """Return the application.

    ``problem`` returns what is wrong with the bot, if anything is. ``idle`` is set while no message
    of Discord is being judged; these go first. ``set_aside`` returns how many could not be judged.
    """
    api = FastAPI(title="Bellwether", docs_url=None, redoc_url=None)

    add_handlers(api)

    @api.middleware("http")
    async def bounded(request: Request, call_next: Callable[..., object]) -> object:
        """Refuse a body that is too long, of unknown length, or not said to be JSON."""
        length = request.headers.get("content-length", "")
        chunked = "transfer-encoding" in request.headers  # it would win over the length
        if chunked or (request.method == "POST" and not length.isdigit()):
            return answer(411, "send the body with a Content-Length")
        if length.isdigit() and int(length) > MAX_BODY:
            return answer(413, f"the body is longer than {MAX_BODY:,} bytes; send less")
        if request.method == "POST" and request.url.path == "/predict":
            given = request.headers.get("content-type", "")
            if given.partition(";")[0].strip().lower() != JSON:
                wrong = f"Content-Type is {given[:100]!r}" if given else "there is no Content-Type"
                return answer(415, f"{wrong}; send Content-Type: {JSON}")
        return await call_next(request)  # type: ignore[misc]

    precedence = Precedence(idle)

    @api.exception_handler(BusyError)
    async def refused(request: Request, error: BusyError) -> JSONResponse:
        """Say that there is no room just now."""
        del request, error
        return answer(503, "busy; try again", {"Retry-After": "1"})

    @api.post("/predict")
    async def predict(body: Text) -> dict[str, float]:
        """Return the probability of every class, 0 to 1."""
        async with precedence.turn():
            (scores,) = await asyncio.to_thread(scorer.score, [clean(body.text)])
        return dict(scores)

    @api.get("/healthz")
    def healthz() -> JSONResponse:
        """Answer 200 while the bot does its work, 503 with the reason while it does not."""
        wrong = problem()
        body = {
            "status": wrong or "ok",
            "model": scorer.version,
            "set_aside": set_aside(),
        }
        return JSONResponse({"error": wrong, **body}, 503) if wrong else JSONResponse(body)

    return api
