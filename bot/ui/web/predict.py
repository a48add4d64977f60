"""POST /predict and GET /healthz."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.domain import clean
from bot.ui.web.limits import BusyError, Precedence
from model.normalise import MAX_CHARACTERS
from model.scorer import Scorer

MAX_BODY: Final = 1_000_000


class Text(BaseModel):
    """What /predict is asked."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(description=f"scored up to its {MAX_CHARACTERS:,}th character")]


def create_api(
    scorer: Scorer,
    problem: Callable[[], str | None] = lambda: None,
    *,
    idle: asyncio.Event | None = None,
    set_aside: Callable[[], int] = lambda: 0,
) -> FastAPI:
    """Return the application.

    ``problem`` says what is wrong with the bot, if anything is; ``idle`` is set while none of its own
    messages is being judged, which go first; ``set_aside`` says how many could not be.
    """
    api = FastAPI(title="Bellwether", docs_url=None, redoc_url=None)

    @api.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        """Say what is wrong without repeating the text, which may be a person's message."""
        del request
        problems = [
            {"where": ".".join(map(str, item["loc"])), "what": item["msg"]}
            for item in error.errors()
        ]
        return JSONResponse({"error": 'send {"text": "..."}', "problems": problems}, 422)

    @api.middleware("http")
    async def bounded(request: Request, call_next: Callable[..., object]) -> object:
        """Refuse a body that is beyond anything worth scoring, or does not say how long it is."""
        length = request.headers.get("content-length", "")
        chunked = "transfer-encoding" in request.headers  # it would win over the length
        if chunked or (request.method == "POST" and not length.isdigit()):
            return JSONResponse({"error": "send the body with a Content-Length"}, 411)
        if length.isdigit() and int(length) > MAX_BODY:
            return JSONResponse({"error": f"the body exceeds {MAX_BODY:,} bytes"}, 413)
        return await call_next(request)  # type: ignore[misc]

    precedence = Precedence(idle)

    @api.exception_handler(BusyError)
    async def refused(request: Request, error: BusyError) -> JSONResponse:
        """Say that there is no room just now."""
        del request, error
        return JSONResponse({"error": "busy; try again"}, 503, headers={"Retry-After": "1"})

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
        return JSONResponse(body, 503 if wrong else 200)

    return api
