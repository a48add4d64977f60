"""Reads requests, and builds answers: a body, or one of Discord's errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

JSON, MULTIPART = "application/json", "multipart/form-data"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The JSON body of a request, and its files by the names of their parts."""

    body: Any
    files: dict[str, Upload] = field(default_factory=dict)

    @classmethod
    async def read(cls, request: web.Request) -> Form | None:
        """Return the body and files of a request, or ``None`` if it is empty. Raises ``Refused``.

        A request can be read more than once.
        """
        if request.content_type != MULTIPART:
            raw = await request.read()
            return cls(_parsed(raw)) if raw else None
        body, files = None, {}
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                part.file.seek(0)
                files[name] = Upload(part.filename, part.file.read())
            elif name == "payload_json" and isinstance(part, str):
                body = _parsed(part)
        return cls(body, files)


async def form_of(request: web.Request) -> Form:
    """Return the body and files of a request, which must have a body. Raises ``Refused``."""
    form = await Form.read(request)
    if form is None or form.body is None:
        raise invalid()
    return form


class Refused(Exception):  # noqa: N818 - a refusal is an answer
    """A request is answered with an error of Discord's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


def _parsed(raw: bytes | str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused(400, 50109, "The request body contains invalid JSON.") from None


def answer(body: object, status: int = 200) -> web.Response:
    """Return a JSON answer. discord.py would read it as text if its type had a charset."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": JSON}
    )


def nothing() -> web.Response:
    return web.Response(status=204)


def refusal(refused: Refused) -> web.Response:
    return answer({"message": refused.message, "code": refused.code}, refused.status)


def unknown_channel() -> Refused:
    return Refused(404, 10003, "Unknown Channel")


def unknown_message() -> Refused:
    return Refused(404, 10008, "Unknown Message")


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def invalid(what: str = "") -> Refused:
    return Refused(400, 50035, f"Invalid Form Body{what and ': ' + what}")
