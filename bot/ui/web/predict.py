"""POST /predict and GET /healthz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.platform.surfaces import clean
from model.normalise import MAX_CHARACTERS
from model.scorer import Scorer

MAX_BODY: Final = 1_000_000


class Text(BaseModel):
    """What /predict is asked."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(description=f"scored up to its {MAX_CHARACTERS:,}th character")]


def create_api(scorer: Scorer, problem: Callable[[], str | None] = lambda: None) -> FastAPI:
    """Return the application. ``problem`` says what is wrong with the bot, if anything is."""
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

    @api.post("/predict")
    def predict(body: Text) -> dict[str, float]:
        """Return the probability of every class, 0 to 1."""
        return dict(scorer.score([clean(body.text)])[0])

    @api.get("/healthz")
    def healthz() -> JSONResponse:
        """Answer 200 while the bot does its work, 503 with the reason while it does not."""
        wrong = problem()
        body = {"status": wrong or "ok", "model": scorer.version}
        return JSONResponse(body, 503 if wrong else 200)

    return api
