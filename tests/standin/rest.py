"""REST: what the bot asks for and does by its own token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.standin.answers import answer, refusal, unknown_channel, unknown_message
from tests.standin.gateway import Gateway
from tests.standin.objects import APPLICATION, BOT, MEMBER, OWNER, member, user
from tests.standin.state import State


class Rest:
    """Answers requests about messages, members, and the bot itself."""

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._state = state
        self._gateway = gateway

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        yield web.get(f"{base}/users/@me", self._me)
        yield web.get(f"{base}/oauth2/applications/@me", self._application)
        yield web.put(f"{base}/applications/{APPLICATION}/commands", self._commands)
        messages = base + "/channels/{channel}/messages"
        yield web.post(messages, self._create)
        yield web.get(messages, self._history)
        yield web.post(f"{messages}/bulk-delete", self._delete_many)
        yield web.delete(messages + "/{id}", self._delete)
        yield web.patch(messages + "/{id}", self._edit)
        yield web.get(messages + "/{id}", self._one)
        someone = base + "/guilds/{guild}/members/{member}"
        yield web.get(someone, self._member)
        yield web.patch(someone, self._change_member)

    async def _me(self, request: web.Request) -> web.Response:
        del request
        return answer(user(BOT, "bellwether", bot=True))

    async def _application(self, request: web.Request) -> web.Response:
        del request
        return answer(
            {
                "id": str(APPLICATION),
                "name": "bellwether",
                "description": "",
                "icon": None,
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "",
                "flags": 1 << 18,
                "owner": user(OWNER, "owner"),
                "team": None,
            }
        )

    async def _commands(self, request: web.Request) -> web.Response:
        self._state.commands = await request.json()
        return answer(
            [
                {
                    "id": str(5000 + index),
                    "application_id": str(APPLICATION),
                    "version": "1",
                    "description": "",
                    **command,
                }
                for index, command in enumerate(self._state.commands)
            ]
        )

    async def _create(self, request: web.Request) -> web.Response:
        state = self._state
        where = int(request.match_info["channel"])
        if where not in state.channels:
            return unknown_channel()
        body = await request.json()
        nonce = str(body.get("nonce") or "")
        if body.get("enforce_nonce") and nonce in state.nonces:
            return answer(state.nonces[nonce])
        identity = state.new_id()
        state.sent.append({"id": identity, "channel_id": where, **body})
        message = state.message(identity, where, BOT, body.get("content") or "")
        message["embeds"] = body.get("embeds", [])
        message["components"] = body.get("components", [])
        state.messages[identity] = state.nonces[nonce] = message
        # Discord tells the bot of its own messages too.
        await self._gateway.dispatch("MESSAGE_CREATE", message)
        return answer(message)

    async def _history(self, request: web.Request) -> web.Response:
        where = request.match_info["channel"]
        after = int(request.query.get("after", 0))
        before = int(request.query.get("before", 1 << 63))
        limit = int(request.query.get("limit", 50))
        found = [
            message
            for identity, message in sorted(self._state.messages.items())
            if message["channel_id"] == where and after < identity < before
        ]
        chosen = found[:limit] if "after" in request.query else found[-limit:]
        return answer([_outside(message) for message in chosen[::-1]])

    async def _delete(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["id"])
        if identity in self._state.deleted_at:
            return unknown_message()
        self._drop(identity)
        return web.Response(status=204)

    async def _delete_many(self, request: web.Request) -> web.Response:
        ids = [int(number) for number in (await request.json())["messages"]]
        if not 2 <= len(ids) <= 100 or len(set(ids)) != len(ids):
            return refusal(400, 50035, "Invalid Form Body")
        for identity in ids:
            if identity not in self._state.deleted_at:
                self._drop(identity)
        return web.Response(status=204)

    def _drop(self, identity: int) -> None:
        self._state.messages.pop(identity, None)
        self._state.deleted.append(identity)
        self._state.deleted_at[identity] = time.monotonic()

    async def _one(self, request: web.Request) -> web.Response:
        found = self._state.messages.get(int(request.match_info["id"]))
        return unknown_message() if found is None else answer(_outside(found))

    async def _edit(self, request: web.Request) -> web.Response:
        found = self._state.messages.get(int(request.match_info["id"]))
        if found is None:
            return unknown_message()
        found.update(await request.json())
        return answer(found)

    async def _member(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["member"])
        found = member(identity, "robin" if identity == MEMBER else f"person-{identity}", [])
        until = self._state.timed_out.get(identity)
        return answer({**found, "communication_disabled_until": until})

    async def _change_member(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["member"])
        self._state.timed_out[identity] = (await request.json())["communication_disabled_until"]
        return await self._member(request)


def _outside(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is given on request: the author's roles come with the gateway's only."""
    return {key: value for key, value in message.items() if key not in {"member", "guild_id"}}
