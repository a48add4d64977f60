"""The one shape of every HTTP error: ``{"error": "what is wrong, and what to do"}``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

SEND: Final = 'send {"text": "..."}'
WHAT: Final = {
    "missing": '"text" is missing',
    "string_type": '"text" is not a string',
    "extra_forbidden": '"text" is the only key allowed',
    "json_invalid": "the body is not JSON",
}
"""What is said of a body by pydantic's name for what is wrong. None repeats any of it."""

KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,29}")
"""A key that is named in an answer. Anything else could be a person's message."""

ROUTES: Final = "POST /predict and GET /healthz"
INVALID: Final = "this is not a valid HTTP request"
TOO_SLOW: Final = "the request did not arrive in time; send it again"


def answer(status: int, error: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error as it is sent."""
    return JSONResponse({"error": error}, status, headers=dict(headers or {}))


def body_of(error: str) -> bytes:
    """Return an error's body, for what the application never sees."""
    return json.dumps({"error": error}).encode()


def add_handlers(api: FastAPI) -> None:
    """Let every error that an application can have be answered in that shape."""

    @api.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        """Say what is wrong without repeating the text, which may be a person's message."""
        del request
        said = []
        for item in error.errors():
            empty = item["type"] == "missing" and len(item["loc"]) == 1
            if empty:
                said.append("the body is empty")
            elif item["type"] == "extra_forbidden" and KEY.fullmatch(key := str(item["loc"][-1])):
                said.append(f'"{key}" is not a key; {WHAT["extra_forbidden"]}')
            else:
                said.append(WHAT.get(item["type"], "not an object"))
        return answer(422, f"{', '.join(dict.fromkeys(said))}; {SEND}")

    @api.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        """Answer what the routes refuse."""
        allow = (error.headers or {}).get("Allow")
        said = {
            400: f"the body is not JSON in UTF-8; {SEND}",
            404: f"there is nothing at this address; there are {ROUTES}",
            405: f"{request.method} is not allowed here; use {allow}",
        }
        return answer(
            error.status_code, said.get(error.status_code, str(error.detail)), error.headers
        )

    @api.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        """Answer a mistake of ours; it is logged by the server."""
        del request, error
        return answer(500, "an error inside Bellwether; its log has more")
