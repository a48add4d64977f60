"""Interactions: the answers that the bot gives to them by their token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.standin.answers import answer
from tests.standin.objects import (
    APPLICATION,
    GUILD,
    MODERATOR_PERMISSIONS,
    MODERATOR_ROLE,
    member,
)
from tests.standin.state import State


class Interactions:
    """Has the bot answer those who press buttons."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, tuple[int, int]] = {}

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        hook = base + "/webhooks/{application}/{token}"
        yield web.post(base + "/interactions/{id}/{token}/callback", self._callback)
        yield web.post(hook, self._followup)
        yield web.get(hook + "/messages/@original", self._original)
        yield web.patch(hook + "/messages/@original", self._edit_original)

    def click(self, identity: int, name: str, by: int) -> dict[str, Any]:
        """The interaction of pressing a message's button whose id begins with ``name``."""
        message = self._state.messages[identity]
        buttons = [item for row in message["components"] for item in row["components"]]
        pressed = next(item for item in buttons if item["custom_id"].split(":")[1] == name)
        interaction = self._state.new_id()
        token = f"token-{interaction}"
        self._known[token] = (by, identity)
        person = member(by, f"person-{by}", [MODERATOR_ROLE])
        return {
            "id": str(interaction),
            "application_id": str(APPLICATION),
            "type": 3,
            "token": token,
            "version": 1,
            "guild_id": str(GUILD),
            "channel_id": message["channel_id"],
            "channel": self._state.channels[int(message["channel_id"])],
            "message": message,
            "member": {**person, "permissions": str(MODERATOR_PERMISSIONS.value)},
            "app_permissions": str(self._state.bot_permissions.value),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {},
            "data": {"component_type": 2, "custom_id": pressed["custom_id"]},
        }

    async def _callback(self, request: web.Request) -> web.Response:
        who, _ = self._known[request.match_info["token"]]
        self._state.answers.append((who, "callback", await request.json()))
        return answer({"interaction": {"id": request.match_info["id"], "type": 3}})

    async def _followup(self, request: web.Request) -> web.Response:
        who, identity = self._known[request.match_info["token"]]
        body = await request.json()
        self._state.answers.append((who, "followup", body))
        new_id = str(self._state.new_id())
        return answer({**self._state.messages[identity], "id": new_id, **body})

    async def _original(self, request: web.Request) -> web.Response:
        return answer(self._state.messages[self._known[request.match_info["token"]][1]])

    async def _edit_original(self, request: web.Request) -> web.Response:
        who, identity = self._known[request.match_info["token"]]
        body = await request.json()
        self._state.answers.append((who, "edit", body))
        self._state.messages[identity].update(body)
        return answer(self._state.messages[identity])
