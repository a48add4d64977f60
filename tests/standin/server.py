"""The stand-in itself: it serves, and its members write, edit, delete and click."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
from aiohttp import web

from tests.standin.answers import Handler, refusal
from tests.standin.faults import with_fault
from tests.standin.gateway import Gateway
from tests.standin.interactions import Interactions
from tests.standin.objects import (
    GENERAL,
    MEMBER,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    THREAD,
    TOKEN,
    channel,
)
from tests.standin.rest import Rest
from tests.standin.state import State

BASE = "/api/v10"


@dataclass(slots=True)
class StandIn(State):
    """A Discord on real sockets. ``api_base`` and ``gateway_url`` point the bot at it."""

    _gateway: Gateway = field(init=False)
    _interactions: Interactions = field(init=False)

    def __post_init__(self) -> None:
        self._gateway = Gateway(self)
        self._interactions = Interactions(self)

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[StandIn]:
        application = web.Application(middlewares=[self._authorise])
        application.router.add_get("/", self._gateway.connect)
        application.router.add_routes(Rest(self, self._gateway).routes(BASE))
        application.router.add_routes(self._interactions.routes(BASE))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await self._gateway.close()
            await runner.cleanup()

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Interactions are answered by their own token, not the bot's.
        if request.path.startswith((f"{BASE}/interactions", f"{BASE}/webhooks")):
            return await handler(request)
        if not request.path.startswith("/api/"):
            return await handler(request)
        self.requests.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return refusal(401, 0, "401: Unauthorized")
        return await with_fault(self.fault(request), request, handler)

    # ---------------------------------------------------------------- what members do

    async def say(
        self,
        content: str,
        *,
        author: int = MEMBER,
        where: int = GENERAL,
        keep: bool = True,
        told: bool = True,
    ) -> int:
        """Have a member write; ``keep`` it among what stands, and have the bot ``told``."""
        identity = self.new_id()
        message = self.message(identity, where, author, content)
        self.channels[where]["last_message_id"] = str(identity)
        if keep:
            self.messages[identity] = message
        if told:
            await self.dispatch("MESSAGE_CREATE", message)
        return identity

    async def take_back(self, identity: int, *, where: int = GENERAL) -> None:
        """Have a member delete a message of their own."""
        if self.messages.pop(identity, None) is not None:
            guild = self.channels[where]["guild_id"]
            data = {"id": str(identity), "channel_id": str(where), "guild_id": guild}
            await self.dispatch("MESSAGE_DELETE", data)

    async def edit(self, identity: int, content: str, *, where: int = GENERAL) -> None:
        """Have the author change a message; to what it says already is no change."""
        if identity not in self.messages or self.messages[identity]["content"] == content:
            return
        author = int(self.messages[identity]["author"]["id"])
        message = self.message(identity, where, author, content)
        message["edited_timestamp"] = discord.utils.utcnow().isoformat()
        self.messages[identity] = message
        await self.dispatch("MESSAGE_UPDATE", message)

    async def preview_arrives(
        self, identity: int, content: str, *, title: str = "", where: int = GENERAL
    ) -> None:
        """Send the edit that Discord makes when a link's preview is ready: it has no time."""
        message = self.message(identity, where, MEMBER, content)
        message["embeds"] = [{"type": "link", "title": title}] if title else []
        await self.dispatch("MESSAGE_UPDATE", message)

    async def click(self, identity: int, name: str, *, by: int) -> None:
        """Press the button of a message whose id begins with ``name``, without waiting."""
        await self.dispatch("INTERACTION_CREATE", self._interactions.click(identity, name, by))

    def thread(self, identity: int, name: str, parent: int = GENERAL) -> dict[str, Any]:
        """A thread as Discord tells of it; it has the id of the message it began with."""
        return {
            **channel(identity, name),
            "type": THREAD,
            "parent_id": str(parent),
            "owner_id": str(MEMBER),
            "message_count": 0,
            "member_count": 1,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": "2026-01-01T00:00:00+00:00",
                "locked": False,
                "create_timestamp": discord.utils.utcnow().isoformat(),
            },
        }

    def next_door(self) -> None:
        """Have a second server, with two channels too."""
        for identity, name in ((NEIGHBOUR_GENERAL, "general"), (NEIGHBOUR_MODERATORS, "desk")):
            self.channels[identity] = channel(identity, name, NEIGHBOUR)

    # ---------------------------------------------------------------- what the bot is told

    async def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Tell the bot, if it is there; a session that is resumed is told what it missed."""
        await self._gateway.dispatch(event, data)

    async def raw(self, frame: str) -> None:
        """Send a frame as it is, whatever is in it."""
        await self._gateway.raw(frame)

    async def hang_up(self, *, forget: bool = False) -> None:
        """Break the connection; ``forget`` refuses to resume the session."""
        await self._gateway.hang_up(forget=forget)
