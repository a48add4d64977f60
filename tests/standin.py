"""A stand-in Discord on real sockets: enough gateway and REST for the real client to work with.

It speaks plain-text frames, answers with Content-Type exactly application/json, and remembers
what the bot did to it. What it does wrong on purpose is set on its attributes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
from aiohttp import WSMsgType, web

TOKEN = "stand-in.token.value"
BOT, APPLICATION, GUILD, OWNER, MEMBER = 9001, 9001, 1001, 2001, 2002
GENERAL, MODERATORS = 3001, 3002
NEIGHBOUR, NEIGHBOUR_GENERAL, NEIGHBOUR_MODERATORS = 1002, 3011, 3012
THREAD = 11
EPOCH = 1_420_070_400_000

MEMBER_PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, read_message_history=True
)
BOT_PERMISSIONS = MEMBER_PERMISSIONS | discord.Permissions(manage_messages=True, embed_links=True)
MODERATOR_PERMISSIONS = MEMBER_PERMISSIONS | discord.Permissions(
    manage_messages=True, moderate_members=True
)
EVERYONE = "@everyone"
BOT_ROLE, MODERATOR_ROLE = 4001, 4002
UNKNOWN_MESSAGE = {"message": "Unknown Message", "code": 10008}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def user(identity: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {
        "id": str(identity),
        "username": name,
        "global_name": name,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
    }


def channel(identity: int, name: str, guild: int = GUILD) -> dict[str, Any]:
    return {
        "id": str(identity),
        "type": 0,
        "name": name,
        "position": 0,
        "permission_overwrites": [],
        "guild_id": str(guild),
        "last_message_id": None,
        "nsfw": False,
        "topic": None,
        "parent_id": None,
        "rate_limit_per_user": 0,
    }


def role(identity: int, name: str, permissions: discord.Permissions) -> dict[str, Any]:
    return {
        "id": str(identity),
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0 if name == EVERYONE else 1,
        "permissions": str(permissions.value),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def member(identity: int, name: str, roles: list[int], *, bot: bool = False) -> dict[str, Any]:
    return {
        "user": user(identity, name, bot=bot),
        "roles": [str(number) for number in roles],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


@dataclass(slots=True)
class StandIn:
    """A server with two channels, and any others that ``channels`` speaks of. ``api_base`` and ``gateway_url`` point the bot at it."""

    channels: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {
            GENERAL: channel(GENERAL, "general"),
            MODERATORS: channel(MODERATORS, "moderators"),
        }
    )
    bot_permissions: discord.Permissions = BOT_PERMISSIONS
    refuse_intents: bool = False
    invited: bool = True
    """Whether the bot is in the server when it connects."""

    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Every message that stands, oldest first."""
    updates: int = 0
    """The channel in which Discord tells moderators of things; community servers have one."""
    joined_at: str = "2026-01-01T00:00:00+00:00"
    """Since when the bot has been in the server."""
    roles: dict[int, list[int]] = field(default_factory=dict)
    """What members have beside the role that everyone has."""
    timed_out: dict[int, str | None] = field(default_factory=dict)
    answers: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """What the bot answered to interactions: who asked, the request, its body."""
    _interactions: dict[str, tuple[int, int]] = field(default_factory=dict)

    fault: Callable[[web.Request], str] = lambda _request: ""
    """What goes wrong with a request: "429", "429 for an hour", "500", "503", "delay", "drop" before
    anything is done or "lose" after it, "" for nothing."""
    asked_for_members: Callable[[], Awaitable[bool]] | None = None
    """What happens when the bot asks for members; it returns whether that is all."""
    out: set[int] = field(default_factory=set)
    """Servers that are not there when the bot connects."""
    everybody: bool = False
    """Whether every connection is told of everything, not only the latest."""
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    ahead_seconds: int = 0
    """How far its clock, and so every id, is ahead of the bot's."""
    nonces: dict[str, dict[str, Any]] = field(default_factory=dict)
    _frames: list[str] = field(default_factory=list)
    _session: int = 0

    sent: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    deleted_at: dict[int, float] = field(default_factory=dict)
    """When a message was deleted, in seconds of the monotonic clock."""
    commands: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    identified: asyncio.Event = field(default_factory=asyncio.Event)

    port: int = 0
    _socket: web.WebSocketResponse | None = None
    _sequence: int = 0
    _last_id: int = 0

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[StandIn]:
        application = web.Application(middlewares=[self._authorise])
        application.router.add_get("/", self._gateway)
        base = "/api/v10"
        application.router.add_get(f"{base}/users/@me", self._me)
        application.router.add_get(f"{base}/oauth2/applications/@me", self._application)
        application.router.add_put(f"{base}/applications/{APPLICATION}/commands", self._commands)
        application.router.add_post(base + "/channels/{channel}/messages", self._create)
        application.router.add_get(base + "/channels/{channel}/messages", self._history)
        message = base + "/channels/{channel}/messages/{id}"
        application.router.add_post(f"{message[:-5]}/bulk-delete", self._delete_many)
        application.router.add_delete(message, self._delete)
        application.router.add_patch(message, self._edit)
        application.router.add_get(message, self._one)
        someone = base + "/guilds/{guild}/members/{member}"
        application.router.add_get(someone, self._member)
        application.router.add_patch(someone, self._change_member)
        application.router.add_post(base + "/interactions/{id}/{token}/callback", self._callback)
        hook = base + "/webhooks/{application}/{token}"
        application.router.add_post(hook, self._followup)
        application.router.add_get(hook + "/messages/@original", self._original)
        application.router.add_patch(hook + "/messages/@original", self._edit_original)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            if self._socket is not None:
                await self._socket.close()
            await runner.cleanup()

    # ---------------------------------------------------------------- what members do

    def new_id(self) -> int:
        """A snowflake of now, later than every one before."""
        now = (time.time_ns() // 1_000_000 + self.ahead_seconds * 1_000 - EPOCH) << 22
        self._last_id = max(now, self._last_id + 1)
        return self._last_id

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
        message = self._message(identity, where, author, content)
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
        message = self._message(identity, where, author, content)
        message["edited_timestamp"] = discord.utils.utcnow().isoformat()
        self.messages[identity] = message
        await self.dispatch("MESSAGE_UPDATE", message)

    async def preview_arrives(
        self, identity: int, content: str, *, title: str = "", where: int = GENERAL
    ) -> None:
        """Send the edit that Discord makes when a link's preview is ready: it has no time."""
        message = self._message(identity, where, MEMBER, content)
        message["embeds"] = [{"type": "link", "title": title}] if title else []
        await self.dispatch("MESSAGE_UPDATE", message)

    async def click(self, identity: int, name: str, *, by: int) -> None:
        """Press the button of a message whose id begins with ``name``, without waiting."""
        message = self.messages[identity]
        buttons = [item for row in message["components"] for item in row["components"]]
        pressed = next(item for item in buttons if item["custom_id"].split(":")[1] == name)
        interaction = self.new_id()
        token = f"token-{interaction}"
        self._interactions[token] = (by, identity)
        person = member(by, f"person-{by}", [MODERATOR_ROLE])
        await self.dispatch(
            "INTERACTION_CREATE",
            {
                "id": str(interaction),
                "application_id": str(APPLICATION),
                "type": 3,
                "token": token,
                "version": 1,
                "guild_id": str(GUILD),
                "channel_id": message["channel_id"],
                "channel": self.channels[int(message["channel_id"])],
                "message": message,
                "member": {**person, "permissions": str(MODERATOR_PERMISSIONS.value)},
                "app_permissions": str(self.bot_permissions.value),
                "locale": "en-US",
                "guild_locale": "en-US",
                "entitlements": [],
                "attachment_size_limit": 10_485_760,
                "authorizing_integration_owners": {},
                "data": {"component_type": 2, "custom_id": pressed["custom_id"]},
            },
        )

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

    async def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Tell the bot, if it is there; a session that is resumed is told what it missed."""
        if self._session == 0:
            return
        self._sequence += 1
        frame = json.dumps({"op": 0, "t": event, "s": self._sequence, "d": data})
        self._frames.append(frame)
        del self._frames[:-10_000]  # a session cannot be resumed from further back
        await self.raw(frame)

    async def raw(self, frame: str) -> None:
        """Send a frame as it is, whatever is in it."""
        latest = [] if self._socket is None else [self._socket]
        for socket in self.sockets if self.everybody else latest:
            if not socket.closed:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(frame)

    async def hang_up(self, *, forget: bool = False) -> None:
        """Break the connection; ``forget`` refuses to resume the session."""
        if forget:
            self._session = 0
        if self._socket is not None:
            await self._socket.close(code=1001)

    def _message(self, identity: int, where: int, author: int, content: str) -> dict[str, Any]:
        name = "bellwether" if author == BOT else "robin"
        roles = [BOT_ROLE] if author == BOT else self.roles.get(author, [])
        return {
            "id": str(identity),
            "channel_id": str(where),
            "guild_id": self.channels[where]["guild_id"],
            "author": user(author, name, bot=author == BOT),
            "member": {k: v for k, v in member(author, name, roles).items() if k != "user"},
            "content": content,
            "timestamp": discord.utils.snowflake_time(identity).isoformat(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
        }

    # ---------------------------------------------------------------- gateway

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._socket = socket
        self.sockets.append(socket)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            if frame["op"] == 1:
                await socket.send_json({"op": 11})
            elif frame["op"] == 2:
                await self._identify(socket)
            elif frame["op"] == 6:
                await self._resume(socket, frame["d"])
            elif frame["op"] == 8:
                await self._members(frame["d"])
        return socket

    async def _identify(self, socket: web.WebSocketResponse) -> None:
        if self.refuse_intents:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        self._sequence, self._frames = 0, []
        self._session += 1
        ready = {
            "v": 10,
            "user": user(BOT, "bellwether", bot=True),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self._guilds()],
            "session_id": f"session-{self._session}",
            "resume_gateway_url": self.gateway_url,
            "application": {"id": str(APPLICATION), "flags": 1 << 18},
            "shard": [0, 1],
        }
        await self.dispatch("READY", ready)
        for guild in self._guilds():
            if guild not in self.out:
                await self.dispatch("GUILD_CREATE", self.guild(guild))
        self.identified.set()

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        if data["session_id"] != f"session-{self._session}":
            await socket.send_json({"op": 9, "d": False})
            return
        first = self._sequence - len(self._frames)
        for frame in self._frames[max(0, data["seq"] - first) :]:
            await socket.send_str(frame)
        await self.dispatch("RESUMED", {})

    async def _members(self, data: dict[str, Any]) -> None:
        """Answer for members by their ids, as Discord does without the members intent."""
        assert 1 <= len(data["user_ids"]) <= 100
        if self.asked_for_members is not None and await self.asked_for_members():
            return
        known = {int(message["author"]["id"]) for message in self.messages.values()}
        found = [number for number in map(int, data["user_ids"]) if number in known]
        await self.dispatch(
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": data["guild_id"],
                "members": [member(n, "robin", self.roles.get(n, [])) for n in found],
                "not_found": [n for n in data["user_ids"] if int(n) not in found],
                "chunk_index": 0,
                "chunk_count": 1,
                "nonce": data["nonce"],
            },
        )

    def _guilds(self) -> list[int]:
        found = dict.fromkeys(int(channel["guild_id"]) for channel in self.channels.values())
        return list(found) if self.invited else []

    def guild(self, identity: int = GUILD) -> dict[str, Any]:
        """A server as Discord tells of it."""
        own = [c for c in self.channels.values() if c["guild_id"] == str(identity)]
        return {
            "id": str(identity),
            "name": "Stand-in",
            "owner_id": str(OWNER),
            "roles": [
                role(identity, EVERYONE, MEMBER_PERMISSIONS),
                role(BOT_ROLE, "bellwether", self.bot_permissions),
                role(MODERATOR_ROLE, "moderator", MODERATOR_PERMISSIONS),
            ],
            "channels": [c for c in own if c["type"] != THREAD],
            "threads": [c for c in own if c["type"] == THREAD],
            "emojis": [],
            "stickers": [],
            "features": [],
            "members": [
                {**member(BOT, "bellwether", [BOT_ROLE], bot=True), "joined_at": self.joined_at}
            ],
            "member_count": 3,
            "voice_states": [],
            "presences": [],
            "large": False,
            "unavailable": False,
            "joined_at": "2026-01-01T00:00:00+00:00",
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": "en-US",
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": str(self.updates) if self.updates else None,
            "afk_channel_id": None,
            "afk_timeout": 300,
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    # ---------------------------------------------------------------- REST

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Interactions are answered by their own token, not the bot's.
        if request.path.startswith(("/api/v10/interactions", "/api/v10/webhooks")):
            return await handler(request)
        if request.path.startswith("/api/"):
            self.requests.append(f"{request.method} {request.path}")
            if request.headers.get("Authorization") != f"Bot {TOKEN}":
                return _json({"message": "401: Unauthorized", "code": 0}, 401)
        return await self._with_fault(request, handler)

    async def _with_fault(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.fault(request) if request.path.startswith("/api/") else ""
        if fault.startswith("429"):
            wait = 0.05 if fault == "429" else 3_600
            limited = _json({"message": "slow down", "retry_after": wait, "global": False}, 429)
            # Without it discord.py takes the answer for a ban.
            limited.headers["Via"] = "1.1 stand-in"
            limited.headers["Retry-After"] = str(wait)
            return limited
        if fault in {"500", "503"}:
            return _json({"message": "not now", "code": 0}, int(fault))
        if fault == "delay":
            await asyncio.sleep(0.2)
        if fault != "drop":
            answer = await handler(request)
            if fault != "lose":
                return answer
        assert request.transport is not None
        request.transport.close()
        return web.Response(status=500)

    async def _me(self, request: web.Request) -> web.Response:
        del request
        return _json(user(BOT, "bellwether", bot=True))

    async def _application(self, request: web.Request) -> web.Response:
        del request
        return _json(
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
        self.commands = await request.json()
        answer = [
            {
                "id": str(5000 + index),
                "application_id": str(APPLICATION),
                "version": "1",
                "description": "",
                **command,
            }
            for index, command in enumerate(self.commands)
        ]
        return _json(answer)

    async def _create(self, request: web.Request) -> web.Response:
        where = int(request.match_info["channel"])
        if where not in self.channels:
            return _json({"message": "Unknown Channel", "code": 10003}, 404)
        body = await request.json()
        nonce = str(body.get("nonce") or "")
        if body.get("enforce_nonce") and nonce in self.nonces:
            return _json(self.nonces[nonce])
        identity = self.new_id()
        self.sent.append({"id": identity, "channel_id": where, **body})
        message = self._message(identity, where, BOT, body.get("content") or "")
        message["embeds"] = body.get("embeds", [])
        message["components"] = body.get("components", [])
        self.messages[identity] = self.nonces[nonce] = message
        # Discord tells the bot of its own messages too.
        await self.dispatch("MESSAGE_CREATE", message)
        return _json(message)

    async def _history(self, request: web.Request) -> web.Response:
        where = request.match_info["channel"]
        after = int(request.query.get("after", 0))
        before = int(request.query.get("before", 1 << 63))
        limit = int(request.query.get("limit", 50))
        found = [
            message
            for identity, message in sorted(self.messages.items())
            if message["channel_id"] == where and after < identity < before
        ]
        chosen = found[:limit] if "after" in request.query else found[-limit:]
        return _json([_outside(message) for message in chosen[::-1]])

    async def _delete(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["id"])
        if identity in self.deleted_at:
            return _json(UNKNOWN_MESSAGE, 404)
        self._drop(identity)
        return web.Response(status=204)

    async def _delete_many(self, request: web.Request) -> web.Response:
        ids = [int(number) for number in (await request.json())["messages"]]
        if not 2 <= len(ids) <= 100 or len(set(ids)) != len(ids):
            return _json({"message": "Invalid Form Body", "code": 50035}, 400)
        for identity in ids:
            if identity not in self.deleted_at:
                self._drop(identity)
        return web.Response(status=204)

    def _drop(self, identity: int) -> None:
        self.messages.pop(identity, None)
        self.deleted.append(identity)
        self.deleted_at[identity] = time.monotonic()

    async def _one(self, request: web.Request) -> web.Response:
        found = self.messages.get(int(request.match_info["id"]))
        return _json(UNKNOWN_MESSAGE, 404) if found is None else _json(_outside(found))

    async def _edit(self, request: web.Request) -> web.Response:
        found = self.messages.get(int(request.match_info["id"]))
        if found is None:
            return _json(UNKNOWN_MESSAGE, 404)
        found.update(await request.json())
        return _json(found)

    async def _member(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["member"])
        found = member(identity, "robin" if identity == MEMBER else f"person-{identity}", [])
        return _json({**found, "communication_disabled_until": self.timed_out.get(identity)})

    async def _change_member(self, request: web.Request) -> web.Response:
        identity = int(request.match_info["member"])
        self.timed_out[identity] = (await request.json())["communication_disabled_until"]
        return await self._member(request)

    async def _callback(self, request: web.Request) -> web.Response:
        who, _ = self._interactions[request.match_info["token"]]
        self.answers.append((who, "callback", await request.json()))
        return _json({"interaction": {"id": request.match_info["id"], "type": 3}})

    async def _followup(self, request: web.Request) -> web.Response:
        who, identity = self._interactions[request.match_info["token"]]
        body = await request.json()
        self.answers.append((who, "followup", body))
        return _json({**self.messages[identity], "id": str(self.new_id()), **body})

    async def _original(self, request: web.Request) -> web.Response:
        return _json(self.messages[self._interactions[request.match_info["token"]][1]])

    async def _edit_original(self, request: web.Request) -> web.Response:
        who, identity = self._interactions[request.match_info["token"]]
        body = await request.json()
        self.answers.append((who, "edit", body))
        self.messages[identity].update(body)
        return _json(self.messages[identity])


def _outside(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is given on request: the author's roles come with the gateway's only."""
    return {key: value for key, value in message.items() if key not in {"member", "guild_id"}}


def _json(body: object, status: int = 200) -> web.Response:
    # With a charset behind the type discord.py would take the body for a string.
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"}
    )
