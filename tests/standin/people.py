"""REST requests about the bot itself, its commands, and the members of its servers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import discord
from aiohttp import web

from tests.standin.http import Refused, answer, form_of, invalid, missing_permissions
from tests.standin.objects import APPLICATION, BOT, OWNER, user
from tests.standin.state import State

LONGEST_TIMEOUT = timedelta(days=28)
UNTIL = "communication_disabled_until"


class People:
    """Answers requests about people and the bot itself."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        yield web.get(f"{base}/users/@me", self._me)
        yield web.get(f"{base}/oauth2/applications/@me", self._application)
        yield web.put(f"{base}/applications/{APPLICATION}/commands", self._commands)
        someone = base + "/guilds/{guild}/members/{member}"
        yield web.get(someone, self._member)
        yield web.patch(someone, self._change_member)

    async def _me(self, request: web.Request) -> web.Response:
        del request
        own = user(BOT, "bellwether", bot=True)
        return answer({**own, "mfa_enabled": True, "locale": "en-US", "verified": True})

    async def _application(self, request: web.Request) -> web.Response:
        del request
        return answer(
            {
                "id": str(APPLICATION),
                "name": "bellwether",
                "description": "",
                "icon": None,
                "type": None,
                "bot": user(BOT, "bellwether", bot=True),
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "",
                "flags": 1 << 18,
                "flags_new": str(1 << 18),
                "owner": user(OWNER, "owner"),
                "team": None,
                "redirect_uris": [],
                "interactions_endpoint_url": None,
                "role_connections_verification_url": None,
                "approximate_guild_count": 1,
                "approximate_user_install_count": 0,
                "approximate_user_authorization_count": 0,
                "explicit_content_filter": 0,
                "eligible_oauth2_scopes": [],
            }
        )

    async def _commands(self, request: web.Request) -> web.Response:
        self._state.commands = (await form_of(request)).body
        return answer(
            [
                shown_command(5000 + index, command)
                for index, command in enumerate(self._state.commands)
            ]
        )

    async def _member(self, request: web.Request) -> web.Response:
        return answer(self._state.person(self._found(request)))

    async def _change_member(self, request: web.Request) -> web.Response:
        state, identity = self._state, self._found(request)
        body = (await form_of(request)).body
        state.violations += [
            f"the stand-in cannot set a member's {n}" for n in body.keys() - {UNTIL}
        ]
        if not state.bot_permissions.moderate_members or identity in {OWNER, BOT}:
            raise missing_permissions()
        until = body[UNTIL]
        if until is not None:
            ahead = datetime.fromisoformat(until).timestamp() - state.now()
            if ahead > LONGEST_TIMEOUT.total_seconds():
                raise invalid(UNTIL)
        state.timed_out[identity] = until
        return answer(state.person(identity))

    def _found(self, request: web.Request) -> int:
        identity = int(request.match_info["member"])
        if int(request.match_info["guild"]) not in self._state.guilds():
            raise Refused(404, 10004, "Unknown Guild")
        if identity in self._state.left:
            raise Refused(404, 10007, "Unknown Member")
        return identity


def shown_command(identity: int, command: dict[str, Any]) -> dict[str, Any]:
    """Return a command as Discord stores it."""
    shown = _filled(command)
    permissions = command.get("default_member_permissions")
    return {
        "type": discord.AppCommandType.chat_input.value,
        "description": "",
        **shown,
        "id": str(identity),
        "application_id": str(APPLICATION),
        "version": str(identity),
        "default_member_permissions": None if permissions is None else str(permissions),
    }


def _filled(value: Any) -> Any:
    """Remove null fields at every depth."""
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    return value
