"""The demo's page: the simulated Discord's own, and what a visitor would miss in it.

simcord's page stays as it is and is served from behind this one. Added are a script (messages are
queued, message menus can be opened) and mentions where Discord shows them; requests that act wait
for their turn.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Final

from aiohttp import ClientSession, web
from simcord.actors import MemberActor
from simcord.backend.errors import BackendError, SetupError
from simcord.preview import Preview

from bot.demo.mentions import as_discord_shows
from bot.demo.receipts import as_answered
from bot.demo.seeding import Server
from bot.demo.turns import Turns
from bot.errors import OperatorError

HOST: Final = "127.0.0.1"
CAPABILITY: Final = "X-Simcord-Capability"
PASSED_ON: Final = (CAPABILITY, "X-Simcord-Context", "Content-Type")
NOT_PASSED_BACK: Final = {"content-length", "content-encoding", "transfer-encoding", "connection"}
ADDED: Final = (
    '<link rel="stylesheet" href="/demo.css">'
    '<script type="module" src="/demo.js" data-guide="{guide}"></script>'
)
OWN_FILES: Final = {"/demo.js": "page.js", "/demo.css": "page.css"}
CONTENT_TYPES: Final = {"page.js": "application/javascript", "page.css": "text/css"}
LONGEST_MESSAGE: Final = 2000
MOST_BYTES: Final = 32 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """Serves the page on this machine; ``url`` is all that a visitor needs."""

    def __init__(self, server: Server, preview: Preview, turns: Turns, http: ClientSession) -> None:
        self._server = server
        self._preview = preview
        self._turns = turns
        self._http = http
        self._behind, _, self._capability = preview.url.partition("/#")
        self._port = 0

    @property
    def url(self) -> str:
        """The address to open; whoever has it can act in the demo."""
        return f"http://{HOST}:{self._port}/#{self._capability}"

    @classmethod
    @asynccontextmanager
    async def serve(
        cls, server: Server, preview: Preview, turns: Turns, port: int
    ) -> AsyncIterator[Page]:
        """Serve the page until the block ends; port 0 takes a free one. Raises ``OperatorError``."""
        async with ClientSession() as http:
            page = cls(server, preview, turns, http)
            runner = web.AppRunner(page._app(), access_log=None)
            await runner.setup()
            try:
                try:
                    await web.TCPSite(runner, HOST, port).start()
                except OSError as error:
                    raise OperatorError(
                        f"port {port} cannot be used ({os.strerror(error.errno or 0)}): "
                        "choose another one, or 0 for any free one."
                    ) from error
                page._port = runner.addresses[0][1]
                yield page
            finally:
                await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._only_from_here])
        app.router.add_get("/", self._index)
        for path in OWN_FILES:
            app.router.add_get(path, _own_file)
        app.router.add_post("/demo/say", self._say)
        app.router.add_post("/demo/menus", self._menus)
        app.router.add_post("/demo/menu", self._menu)
        app.router.add_get("/api/state", self._state)
        app.router.add_post("/api/pages", self._state)
        app.router.add_post("/api/action", self._action)
        app.router.add_route("*", "/{anything:.*}", self._passed_through)
        return app

    @web.middleware
    async def _only_from_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a page of another site that calls this machine by a name of its own."""
        if request.host not in {f"{HOST}:{self._port}", f"localhost:{self._port}"}:
            raise web.HTTPForbidden
        return await handler(request)

    # What simcord serves, with additions

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        async with self._http.request(
            request.method, f"{self._behind}{request.path_qs}", data=body, headers=headers
        ) as answer:
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() not in NOT_PASSED_BACK
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def _passed_through(self, request: web.Request) -> web.Response:
        return await self._forward(request, await request.read())

    async def _index(self, request: web.Request) -> web.Response:
        answer = await self._forward(request, b"")
        added = ADDED.format(guide=self._server.guide_id)
        answer.text = (answer.text or "").replace("</body>", f"{added}</body>")
        return answer

    async def _state(self, request: web.Request) -> web.Response:
        answer = await self._forward(request, await request.read())
        if answer.status == web.HTTPOk.status_code:
            state = json.loads(answer.text or "{}")
            as_discord_shows(state, self._server.names)
            as_answered(state)
            answer.text = json.dumps(state)
        return answer

    async def _action(self, request: web.Request) -> web.Response:
        """Act on the page as it is now.

        simcord refuses a click on a page that has changed since it was shown. On Discord a click
        counts, whatever else arrived meanwhile.
        """
        body = await request.read()
        async with self._turns.turn():
            if request.content_type == "application/json":
                try:
                    action = json.loads(body)
                except ValueError:
                    action = None
                if isinstance(action, dict) and "published_revision" in action:
                    action["published_revision"] = await self._revision(request)
                    body = json.dumps(action).encode()
            answer = await self._forward(request, body)
        if answer.status == web.HTTPOk.status_code:
            receipt = json.loads(answer.text or "{}")
            as_answered(receipt)
            answer.text = json.dumps(receipt)
        return answer

    async def _revision(self, request: web.Request) -> object:
        headers = {name: request.headers.get(name, "") for name in PASSED_ON[:2]}
        async with self._http.get(f"{self._behind}/api/state", headers=headers) as answer:
            state = await answer.json() if answer.ok else {}
        return state.get("publishedRevision")

    # What the script asks for

    async def _asked(self, request: web.Request) -> tuple[Mapping[str, Any], MemberActor]:
        """Return a request's document and who the visitor is. Raises an HTTP error."""
        if request.headers.get(CAPABILITY) != self._capability:
            raise web.HTTPUnauthorized
        try:
            document = await request.json()
            viewers = (self._server.member, self._server.moderator)
            viewer = next(each for each in viewers if str(each.id) == document["viewer_id"])
        except (ValueError, TypeError, KeyError, StopIteration) as error:
            raise web.HTTPBadRequest(text="viewer_id must be one of the two viewers") from error
        return document, viewer

    async def _say(self, request: web.Request) -> web.Response:
        document, viewer = await self._asked(request)
        text = document.get("text")
        if not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= LONGEST_MESSAGE:
            raise web.HTTPBadRequest(text=f"A message has 1 to {LONGEST_MESSAGE} characters.")
        async with self._turns.turn():
            try:
                await viewer.send(self._server.channel, text)
            except (SetupError, BackendError) as error:
                raise web.HTTPConflict(
                    text=f"{viewer.name.capitalize()} cannot write here at the moment."
                ) from error
        return web.json_response({})

    async def _menus(self, request: web.Request) -> web.Response:
        """Answer which commands are in a message's menu, for this visitor."""
        _, viewer = await self._asked(request)
        return web.json_response({"names": self._server.menu(viewer)})

    async def _menu(self, request: web.Request) -> web.Response:
        """Use a command of a message's menu; its answer comes as a message."""
        document, viewer = await self._asked(request)
        channel = self._server.channel
        async with self._turns.turn():
            try:
                message = next(
                    each
                    for each in channel.history(viewer=viewer)
                    if str(each.id) == document.get("message_id")
                )
                await viewer.context_menu(channel, str(document.get("name")), message)
            except StopIteration as error:
                raise web.HTTPConflict(text="That message is gone.") from error
            except (SetupError, BackendError) as error:
                raise web.HTTPConflict(text="That cannot be used on this message.") from error
        return web.json_response({})


async def _own_file(request: web.Request) -> web.Response:
    name = OWN_FILES[request.path]
    text = (resources.files("bot.demo") / name).read_text(encoding="utf-8")
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, content_type=CONTENT_TYPES[name], headers=headers)
