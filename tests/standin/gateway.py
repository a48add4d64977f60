"""The gateway: starts and resumes sessions, and sends them events."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.standin.objects import APPLICATION, BOT, user
from tests.standin.state import State

REMEMBERED = 10_000
"""Frames kept, from which a session can be resumed."""
MOST_MEMBERS = 100


class Gateway:
    """Sends uncompressed frames to one session, over the latest connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._socket: web.WebSocketResponse | None = None
        self._session = self._sequence = 0
        self._frames: list[str] = []

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._socket = socket
        self._state.sockets.append(socket)
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

    async def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to the bot. A session that is resumed later gets what it missed."""
        if self._session == 0:
            return
        self._sequence += 1
        frame = json.dumps({"op": 0, "t": event, "s": self._sequence, "d": data})
        self._frames.append(frame)
        del self._frames[:-REMEMBERED]
        await self.raw(frame)

    async def raw(self, frame: str) -> None:
        """Send a frame unchanged, even a malformed one."""
        latest = [] if self._socket is None else [self._socket]
        for socket in self._state.sockets if self._state.everybody else latest:
            if not socket.closed:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(frame)

    async def hang_up(self, *, forget: bool = False) -> None:
        """Break the connection. With ``forget`` the session cannot be resumed."""
        if forget:
            self._session = 0
        if self._socket is not None:
            await self._socket.close(code=1001)

    async def close(self) -> None:
        """Close the latest connection normally."""
        if self._socket is not None:
            await self._socket.close()

    async def _identify(self, socket: web.WebSocketResponse) -> None:
        if self._state.refuse_intents:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        self._sequence, self._frames = 0, []
        self._session += 1
        guilds = self._state.guilds()
        ready = {
            "v": 10,
            "user": user(BOT, "bellwether", bot=True),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in guilds],
            "session_id": f"session-{self._session}",
            "resume_gateway_url": self._state.gateway_url,
            "application": {"id": str(APPLICATION), "flags": 1 << 18},
            "shard": [0, 1],
        }
        await self.dispatch("READY", ready)
        for guild in guilds:
            if guild not in self._state.out:
                await self.dispatch("GUILD_CREATE", self._state.guild(guild))
        self._state.identified.set()

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        if data["session_id"] != f"session-{self._session}":
            await socket.send_json({"op": 9, "d": False})
            return
        first = self._sequence - len(self._frames)
        for frame in self._frames[max(0, data["seq"] - first) :]:
            await socket.send_str(frame)
        await self.dispatch("RESUMED", {})

    async def _members(self, data: dict[str, Any]) -> None:
        """Answer a request for members by their ids, which needs no members intent."""
        state = self._state
        if not 1 <= len(data["user_ids"]) <= MOST_MEMBERS:
            state.violations.append(f"asked for {len(data['user_ids'])} members at once")
        if state.asked_for_members is not None and await state.asked_for_members():
            return
        known = {int(message["author"]["id"]) for message in state.messages.values()}
        asked = map(int, data["user_ids"])
        found = [number for number in asked if number in known - state.left]
        await self.dispatch(
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": data["guild_id"],
                "members": [state.person(number) for number in found],
                "not_found": [n for n in data["user_ids"] if int(n) not in found],
                "chunk_index": 0,
                "chunk_count": 1,
                "nonce": data["nonce"],
            },
        )
