"""Interactions, and the bot's answers by their tokens within Discord's time limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standin import written
from tests.standin.gateway import Gateway
from tests.standin.http import Form, Refused, answer, form_of, invalid, nothing, unknown_message
from tests.standin.objects import (
    APPLICATION,
    BOT,
    MODERATOR_PERMISSIONS,
    MODERATOR_ROLE,
    member,
)
from tests.standin.rest import Rest, outside
from tests.standin.state import State
from tests.standin.written import EPHEMERAL, LOADING

ANSWER_SECONDS, TOKEN_SECONDS = 3, 15 * 60
COMMAND, COMPONENT = 2, 3
SEND, DEFER_SEND, DEFER_UPDATE, UPDATE, AUTOCOMPLETE, MODAL = 4, 5, 6, 7, 8, 9
ANSWERS = {
    COMMAND: {SEND, DEFER_SEND, MODAL},
    COMPONENT: {SEND, DEFER_SEND, DEFER_UPDATE, UPDATE, MODAL},
}


@dataclass(slots=True)
class Interaction:
    """A button press or a command, and what the bot has answered so far."""

    id: int
    token: str
    kind: int
    by: int
    where: int
    message: int
    """The message with the button, or 0 if there is none."""
    at: float
    answered: bool = False
    original: int = 0
    """The message with the first answer, or 0 before there is one."""
    private: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Ephemeral answers, which are in no channel."""


class Interactions:
    """Accepts one first answer within 3 seconds, and further ones for 15 minutes."""

    def __init__(self, state: State, gateway: Gateway, rest: Rest) -> None:
        self._state = state
        self._gateway = gateway
        self._rest = rest
        self._known: dict[str, Interaction] = {}

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        yield web.post(base + "/interactions/{id}/{token}/callback", self._callback)
        hook = base + "/webhooks/{application}/{token}"
        yield web.post(hook, self._followup)
        yield web.get(hook + "/messages/{id}", self._one)
        yield web.patch(hook + "/messages/{id}", self._edit)
        yield web.delete(hook + "/messages/{id}", self._delete)

    async def begin(
        self, kind: int, data: dict[str, Any], by: int, where: int, message: int = 0
    ) -> Interaction:
        """Press a button or run a command as a moderator, and send the interaction to the bot."""
        state, identity = self._state, self._state.new_id()
        begun = Interaction(identity, f"token-{identity}", kind, by, where, message, state.now())
        self._known[begun.token] = begun
        person = member(by, f"person-{by}", state.roles.get(by, [MODERATOR_ROLE]))
        shown = {"message": state.messages[message]} if message else {}
        told = {
            "id": str(identity),
            "application_id": str(APPLICATION),
            "type": kind,
            "token": begun.token,
            "version": 1,
            "guild_id": state.channels[where]["guild_id"],
            "channel_id": str(where),
            "channel": state.channels[where],
            "member": {**person, "permissions": str(MODERATOR_PERMISSIONS.value)},
            "app_permissions": str(state.permissions(where).value),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {},
            "data": data,
            **shown,
        }
        await self._gateway.dispatch("INTERACTION_CREATE", told)
        return begun

    async def click(self, identity: int, name: str, by: int) -> Interaction:
        """Press the button of a message by the ``name`` in its custom id."""
        message = self._state.messages[identity]
        buttons = [item for row in message["components"] for item in row["components"]]
        pressed = next(item for item in buttons if item["custom_id"].split(":")[1] == name)
        data = {"component_type": 2, "custom_id": pressed["custom_id"], "id": pressed["id"]}
        return await self.begin(COMPONENT, data, by, int(message["channel_id"]), identity)

    # ---------------------------------------------------------------- the first answer

    async def _callback(self, request: web.Request) -> web.Response:
        state, form = self._state, await form_of(request)
        found = self._known.get(request.match_info["token"])
        if found is None or request.match_info["id"] != str(found.id):
            raise Refused(404, 10062, "Unknown interaction")
        if found.answered:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if state.now() - found.at > ANSWER_SECONDS:
            raise Refused(404, 10062, "Unknown interaction")
        kind, data = form.body["type"], form.body.get("data") or {}
        if kind not in ANSWERS[found.kind]:
            raise invalid("type")
        said = Form(data, form.files)
        written.check(said)
        if kind == SEND:
            written.check_not_empty(said)
        found.answered = True
        state.answers.append((found.by, "callback", written.recorded(form)))
        if kind in {SEND, DEFER_SEND}:
            found.original = await self._say(found, said, loading=kind == DEFER_SEND)
        else:
            found.original = found.message
        if kind == UPDATE and found.message in state.messages:
            await self._rest.change(state.messages[found.message], said)
        if request.query.get("with_response", "") not in {"true", "1"}:
            return nothing()
        return answer(self._told(found, kind))

    def _told(self, found: Interaction, kind: int) -> dict[str, Any]:
        """Return the body of the response to a first answer, if the bot requests it."""
        interaction: dict[str, Any] = {"id": str(found.id), "type": found.kind}
        message = self._message(found, found.original)
        if message is None:
            return {"interaction": interaction}
        interaction["response_message_id"] = message["id"]
        interaction["response_message_loading"] = bool(message["flags"] & LOADING)
        interaction["response_message_ephemeral"] = bool(message["flags"] & EPHEMERAL)
        resource = {}
        if kind in {SEND, UPDATE}:
            resource = {"resource": {"type": kind, "message": outside(message)}}
        return {"interaction": interaction, **resource}

    # ---------------------------------------------------------------- what comes after it

    async def _followup(self, request: web.Request) -> web.Response:
        found, form = self._open(request), await form_of(request)
        written.check(form)
        written.check_not_empty(form)
        self._state.answers.append((found.by, "followup", written.recorded(form)))
        waiting = self._message(found, found.original)
        if waiting is not None and waiting["flags"] & LOADING:
            # The first follow-up replaces the loading message and keeps its visibility.
            await self._change(waiting, form)
            return answer(outside(waiting))
        identity = await self._say(found, form)
        said = self._message(found, identity)
        assert said is not None
        return answer(outside(said))

    async def _one(self, request: web.Request) -> web.Response:
        _, message = self._found(request)
        return answer(outside(message))

    async def _edit(self, request: web.Request) -> web.Response:
        found, message = self._found(request)
        form = await form_of(request)
        written.check(form)
        self._state.answers.append((found.by, "edit", written.recorded(form)))
        await self._change(message, form)
        return answer(outside(message))

    async def _delete(self, request: web.Request) -> web.Response:
        found, message = self._found(request)
        identity = int(message["id"])
        if found.private.pop(identity, None) is None:
            del self._state.messages[identity]
            told = {name: message[name] for name in ("id", "channel_id", "guild_id")}
            await self._gateway.dispatch("MESSAGE_DELETE", told)
        return nothing()

    def _open(self, request: web.Request) -> Interaction:
        """Return the interaction of a token that has not expired."""
        found = self._known.get(request.match_info["token"])
        if found is None or self._state.now() - found.at > TOKEN_SECONDS:
            raise Refused(401, 50027, "Invalid Webhook Token")
        if not found.answered:
            raise Refused(404, 10015, "Unknown Webhook")
        return found

    def _found(self, request: web.Request) -> tuple[Interaction, dict[str, Any]]:
        found, wanted = self._open(request), request.match_info["id"]
        message = self._message(found, found.original if wanted == "@original" else int(wanted))
        if message is None:
            raise unknown_message()
        return found, message

    def _message(self, found: Interaction, identity: int) -> dict[str, Any] | None:
        return found.private.get(identity) or self._state.messages.get(identity)

    async def _say(self, found: Interaction, form: Form, *, loading: bool = False) -> int:
        identity = self._state.new_id()
        message = self._state.message(identity, found.where, BOT, "")
        written.apply(message, form)
        message["flags"] |= LOADING if loading else 0
        message["application_id"] = message["webhook_id"] = str(APPLICATION)
        if message["flags"] & EPHEMERAL:
            found.private[identity] = message
        else:
            self._state.messages[identity] = message
            await self._gateway.dispatch("MESSAGE_CREATE", message)
        return identity

    async def _change(self, message: dict[str, Any], form: Form) -> None:
        private = message["flags"] & EPHEMERAL
        message["flags"] &= ~LOADING
        if private:
            written.apply(message, form)
        else:
            await self._rest.change(message, form)
