"""A client for tests of the stand-in itself, which makes the requests of a bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.standin.interactions import Interaction
from tests.standin.objects import BOT, GENERAL, TOKEN
from tests.standin.server import StandIn

LINE = "a line"


@dataclass(slots=True)
class Asking:
    """A client that makes the requests of a bot."""

    standin: StandIn
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Return the body of the answer, or the status and code of an error."""
        address = self.standin.api_base + path
        more |= {} if body is None else {"json": body}
        async with self.session.request(method, address, **more) as response:
            if response.status == 204:
                return None
            found = await response.json()
            return found if response.ok else (response.status, found.get("code"))

    async def send(self, where: int = GENERAL, **body: object) -> Any:
        return await self.ask("POST", f"/channels/{where}/messages", {"content": LINE, **body})

    async def reply(self, to: Interaction, kind: int, **data: object) -> Any:
        path = f"/interactions/{to.id}/{to.token}/callback?with_response=true"
        return await self.ask("POST", path, {"type": kind, "data": data})

    async def follow(self, to: Interaction, **body: object) -> Any:
        return await self.ask("POST", hook(to), {"content": LINE, **body})


def hook(to: Interaction, message: object = "") -> str:
    return f"/webhooks/{BOT}/{to.token}" + (f"/messages/{message}" if message else "")


@asynccontextmanager
async def asking(standin: StandIn) -> AsyncIterator[Asking]:
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with standin.serving(), aiohttp.ClientSession(headers=headers) as session:
        yield Asking(standin, session)
