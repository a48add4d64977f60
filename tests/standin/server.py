"""The stand-in server, and what its members do: write, edit, delete and click."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import discord
from aiohttp import web

from tests.standin.checks import Checks, ViolationError
from tests.standin.faults import with_fault
from tests.standin.gateway import Gateway
from tests.standin.http import Form, Handler, Refused, refusal
from tests.standin.interactions import Interaction, Interactions
from tests.standin.objects import (
    GENERAL,
    MEMBER,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    TOKEN,
    channel,
    thread,
)
from tests.standin.people import People
from tests.standin.rest import Rest
from tests.standin.state import State

BASE = "/api/v10"
BY_THEIR_TOKEN = (f"{BASE}/interactions", f"{BASE}/webhooks")
"""Paths that authenticate with an interaction's token instead of the bot's."""


@dataclass(slots=True)
class StandIn(State):
    """A Discord on real sockets. ``api_base`` and ``gateway_url`` point the bot at it."""

    _gateway: Gateway = field(init=False)
    _rest: Rest = field(init=False)
    _interactions: Interactions = field(init=False)

    def __post_init__(self) -> None:
        self._gateway = Gateway(self)
        self._rest = Rest(self, self._gateway)
        self._interactions = Interactions(self, self._gateway, self._rest)

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[StandIn]:
        """Serve, and raise ``ViolationError`` at the end if anything violated Discord's rules."""
        application = web.Application(middlewares=[self._answered], client_max_size=1 << 26)
        application.router.add_get("/", self._gateway.connect)
        for part in (People(self), self._rest, self._interactions):
            application.router.add_routes(part.routes(BASE))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        except Exception as error:
            for violation in self.violations:
                error.add_note(f"against Discord's document: {violation}")
            raise
        finally:
            await self._gateway.close()
            await runner.cleanup()
        if self.violations:
            raise ViolationError("\n".join(self.violations))

    @web.middleware
    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/"):
            return await handler(request)
        self.requests.append(f"{request.method} {request.path}")
        path = request.path.removeprefix(BASE)
        checks = Checks(self.schema, self.violations)
        try:
            checks.request(request, path, await Form.read(request))
            self._check_known(request)
            found = await with_fault(self.fault(request), request, _refusing(handler))
        except Refused as refused:
            found = refusal(refused)
        except ConnectionError:
            raise  # the bot is gone
        except Exception as error:
            # Otherwise it would only be a 500, which the bot retries.
            what = f"the stand-in failed at {request.method} {request.path}: {error!r}"
            self.violations.append(what)
            raise
        checks.answer(request, path, found)
        found.headers["Date"] = formatdate(self.now(), usegmt=True)
        return found

    def _check_known(self, request: web.Request) -> None:
        """Refuse a wrong token and unknown requests."""
        by_bot = not request.path.startswith(BY_THEIR_TOKEN)
        if by_bot and request.headers.get("Authorization") != f"Bot {TOKEN}":
            raise Refused(401, 0, "401: Unauthorized")
        if request.match_info.http_exception is not None:
            self.violations.append(f"the stand-in does not know {request.method} {request.path}")
            raise Refused(404, 0, "404: Not Found")

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
        """Write as a member. ``keep`` stores the message, and ``told`` sends it to the bot."""
        identity = self.new_id()
        message = self.message(identity, where, author, content)
        self.channels[where]["last_message_id"] = str(identity)
        if keep:
            self.messages[identity] = message
        if told and self.permissions(where).view_channel:
            await self.dispatch("MESSAGE_CREATE", message)
        return identity

    async def take_back(self, identity: int, *, where: int = GENERAL) -> None:
        """Delete a message as its author."""
        if self.messages.pop(identity, None) is not None:
            guild = self.channels[where]["guild_id"]
            data = {"id": str(identity), "channel_id": str(where), "guild_id": guild}
            await self.dispatch("MESSAGE_DELETE", data)

    async def edit(
        self, identity: int, content: str, *, where: int = GENERAL, member: bool = True
    ) -> None:
        """Edit a message as its author. Nothing happens if the content is the same.

        Without ``member`` the event lacks the author's roles, as some of Discord's events do.
        """
        if identity not in self.messages or self.messages[identity]["content"] == content:
            return
        author = int(self.messages[identity]["author"]["id"])
        message = self.message(identity, where, author, content)
        message["edited_timestamp"] = discord.utils.utcnow().isoformat()
        self.messages[identity] = message
        told = message if member else {k: v for k, v in message.items() if k != "member"}
        await self.dispatch("MESSAGE_UPDATE", told)

    async def update(self, identity: int, **fields: object) -> None:
        """Update a message with an event that has only ``fields``, as for pins and previews.

        Discord says that it now sends whole messages (discord-api-docs, pull request 7017).
        """
        message = self.messages[identity]
        message.update(fields)
        about = {name: message[name] for name in ("id", "channel_id", "guild_id")}
        await self.dispatch("MESSAGE_UPDATE", {**about, **fields})

    async def preview_arrives(
        self, identity: int, content: str, *, title: str = "", where: int = GENERAL
    ) -> None:
        """Send Discord's own update for a link's preview, which has no edit time."""
        message = self.message(identity, where, MEMBER, content)
        message["embeds"] = [{"type": "link", "title": title}] if title else []
        await self.dispatch("MESSAGE_UPDATE", message)

    async def click(self, identity: int, name: str, *, by: int) -> Interaction:
        """Press the button of a message by the ``name`` in its custom id, without waiting."""
        return await self._interactions.click(identity, name, by)

    async def interact(
        self, kind: int, data: dict[str, Any], *, by: int = MEMBER, where: int = GENERAL
    ) -> Interaction:
        """Begin an interaction, such as a command, without waiting. ``kind`` is its type."""
        return await self._interactions.begin(kind, data, by, where)

    def thread(self, identity: int, name: str, parent: int = GENERAL) -> dict[str, Any]:
        """Return a thread as the gateway sends it. It has the id of its starter message."""
        return thread(identity, name, parent)

    def next_door(self) -> None:
        """Add a second server, also with two channels."""
        for identity, name in ((NEIGHBOUR_GENERAL, "general"), (NEIGHBOUR_MODERATORS, "desk")):
            self.channels[identity] = channel(identity, name, NEIGHBOUR)

    # ---------------------------------------------------------------- what the bot receives

    async def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to the bot. A session that is resumed later gets what it missed."""
        await self._gateway.dispatch(event, data)

    async def raw(self, frame: str) -> None:
        """Send a frame unchanged, even a malformed one."""
        await self._gateway.raw(frame)

    async def hang_up(self, *, forget: bool = False) -> None:
        """Break the connection. With ``forget`` the session cannot be resumed."""
        await self._gateway.hang_up(forget=forget)


def _refusing(handler: Handler) -> Handler:
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return refusal(refused)

    return answered
