"""How requests are answered: a body, or one of Discord's errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: object, status: int = 200) -> web.Response:
    # With a charset behind the type discord.py would take the body for a string.
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"}
    )


def refusal(status: int, code: int, message: str) -> web.Response:
    return answer({"message": message, "code": code}, status)


def unknown_channel() -> web.Response:
    return refusal(404, 10003, "Unknown Channel")


def unknown_message() -> web.Response:
    return refusal(404, 10008, "Unknown Message")
