"""Makes requests fail on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from tests.standin.http import Handler, answer


def only(fault: str, path: str, method: str = "") -> Callable[[web.Request], str]:
    """Return a ``State.fault`` that applies only to requests whose path contains ``path``."""

    def chosen(request: web.Request) -> str:
        hit = path in request.path and method in {"", request.method}
        return fault if hit else ""

    return chosen


async def with_fault(fault: str, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request with a fault. ``State.fault`` lists them."""
    if fault.startswith("429"):
        wait = 0.05 if fault == "429" else 3_600
        limited = answer(
            {"message": "You are being rate limited.", "retry_after": wait, "global": False}, 429
        )
        # Without this header discord.py mistakes the answer for a ban.
        limited.headers["Via"] = "1.1 stand-in"
        limited.headers["Retry-After"] = str(wait)
        return limited
    if fault == "403":
        return answer({"message": "Missing Permissions", "code": 50013}, 403)
    if fault in {"500", "503"}:
        return answer({"message": "not now", "code": 0}, int(fault))
    if fault == "delay":
        await asyncio.sleep(0.2)
    if fault != "drop":
        found = await handler(request)
        if fault != "lose":
            return found
    assert request.transport is not None
    request.transport.close()
    return web.Response(status=500)
