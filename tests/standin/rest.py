"""REST requests about channels and messages, with the bot's own token."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import discord
from aiohttp import web

from tests.standin import written
from tests.standin.gateway import Gateway
from tests.standin.http import (
    Form,
    Refused,
    answer,
    form_of,
    invalid,
    missing_permissions,
    nothing,
    unknown_message,
)
from tests.standin.objects import BOT
from tests.standin.state import State

BULK_SECONDS = 14 * 24 * 3_600
FEWEST, MOST = 2, 100


class Rest:
    """Answers requests about channels and their messages."""

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._state = state
        self._gateway = gateway

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        channel = base + "/channels/{channel}"
        yield web.get(channel, self._channel)
        yield web.get(channel + "/threads/archived/public", self._archived)
        yield web.get(base + "/guilds/{guild}/threads/active", self._active)
        yield web.post(channel + "/messages", self._create)
        yield web.get(channel + "/messages", self._history)
        yield web.post(channel + "/messages/bulk-delete", self._delete_many)
        yield web.delete(channel + "/messages/{id}", self._delete)
        yield web.patch(channel + "/messages/{id}", self._edit)
        yield web.get(channel + "/messages/{id}", self._one)

    # ---------------------------------------------------------------- channels

    async def _channel(self, request: web.Request) -> web.Response:
        where = int(request.match_info["channel"])
        self._state.visible(where)
        return answer(self._state.channels[where])

    async def _archived(self, request: web.Request) -> web.Response:
        where = int(request.match_info["channel"])
        if not self._state.visible(where).read_message_history:
            raise missing_permissions()
        guild = int(self._state.channels[where]["guild_id"])
        before, limit = request.query.get("before", "9"), int(request.query.get("limit", 50))
        found = [
            thread
            for thread in self._state.threads(guild, archived=True)
            if thread["parent_id"] == str(where)
            and thread["thread_metadata"]["archive_timestamp"] < before
        ]
        found.sort(key=lambda thread: thread["thread_metadata"]["archive_timestamp"], reverse=True)
        more = len(found) > limit
        return answer({"threads": found[:limit], "members": [], "has_more": more})

    async def _active(self, request: web.Request) -> web.Response:
        guild = int(request.match_info["guild"])
        if guild not in self._state.guilds():
            raise Refused(404, 10004, "Unknown Guild")
        found = [
            thread
            for thread in self._state.threads(guild, archived=False)
            if self._state.permissions(int(thread["id"])).view_channel
        ]
        return answer({"threads": found, "members": [], "has_more": False})

    # ---------------------------------------------------------------- messages

    async def _create(self, request: web.Request) -> web.Response:
        state, form = self._state, await form_of(request)
        where = int(request.match_info["channel"])
        allowed = state.visible(where)
        written.check(form)
        written.check_not_empty(form)
        self._check_may_write(where, form, allowed)
        nonce = where, str(form.body.get("nonce") or "")
        if form.body.get("enforce_nonce") and nonce in state.nonces:
            then, earlier = state.nonces[nonce]
            if state.now() - then < state.nonce_seconds:
                return answer(outside(earlier))
        await self._take_out(where)
        identity = state.new_id()
        state.sent.append({"id": identity, "channel_id": where, **written.recorded(form)})
        message = state.message(identity, where, BOT, "")
        written.apply(message, form)
        state.messages[identity] = message
        state.channels[where]["last_message_id"] = str(identity)
        if nonce[1]:
            state.nonces[nonce] = state.now(), message
        # Discord also sends the bot its own messages.
        await self._gateway.dispatch("MESSAGE_CREATE", message)
        return answer(outside(message))

    def _check_may_write(self, where: int, form: Form, allowed: discord.Permissions) -> None:
        in_thread = "thread_metadata" in self._state.channels[where]
        may = allowed.send_messages_in_threads if in_thread else allowed.send_messages
        links = not form.body.get("embeds") or allowed.embed_links
        files = not form.files or allowed.attach_files
        if not (may and links and files):
            raise missing_permissions()

    async def _take_out(self, where: int) -> None:
        """Unarchive a thread, as a new message does."""
        metadata = self._state.channels[where].get("thread_metadata")
        if metadata is not None and metadata["archived"]:
            if metadata["locked"]:
                raise Refused(400, 50083, "Thread is archived")
            metadata["archived"] = False
            await self._gateway.dispatch("THREAD_UPDATE", self._state.channels[where])

    async def _history(self, request: web.Request) -> web.Response:
        where = int(request.match_info["channel"])
        allowed = self._state.visible(where)
        if not allowed.read_message_history:
            return answer([])
        after = int(request.query.get("after", 0))
        before = int(request.query.get("before", 1 << 63))
        limit = int(request.query.get("limit", 50))
        if not 1 <= limit <= MOST:
            raise invalid("limit")
        found = [
            message
            for identity, message in sorted(self._state.messages.items())
            if message["channel_id"] == str(where) and after < identity < before
        ]
        chosen = found[:limit] if "after" in request.query else found[-limit:]
        return answer([outside(message) for message in chosen[::-1]])

    async def _one(self, request: web.Request) -> web.Response:
        message, allowed = self._found(request)
        if not allowed.read_message_history:
            raise missing_permissions()
        return answer(outside(message))

    async def _edit(self, request: web.Request) -> web.Response:
        message, _ = self._found(request)
        if message["author"]["id"] != str(BOT):
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        if (
            self._state.channels[int(message["channel_id"])]
            .get("thread_metadata", {})
            .get("archived")
        ):
            raise Refused(400, 50083, "Thread is archived")
        form = await form_of(request)
        written.check(form)
        await self.change(message, form)
        return answer(outside(message))

    async def change(self, message: dict[str, Any], form: Form) -> None:
        """Edit one of the bot's messages. Discord sends this event to the bot as well."""
        written.apply(message, form)
        message["edited_timestamp"] = discord.utils.utcnow().isoformat()
        await self._gateway.dispatch("MESSAGE_UPDATE", message)

    async def _delete(self, request: web.Request) -> web.Response:
        message, allowed = self._found(request)
        if message["author"]["id"] != str(BOT) and not allowed.manage_messages:
            raise missing_permissions()
        self._drop([int(message["id"])])
        told = {name: message[name] for name in ("id", "channel_id", "guild_id")}
        await self._gateway.dispatch("MESSAGE_DELETE", told)
        return nothing()

    async def _delete_many(self, request: web.Request) -> web.Response:
        """Delete several messages or, if one may not be deleted, none. Skips missing ones."""
        where = int(request.match_info["channel"])
        if not self._state.visible(where).manage_messages:
            raise missing_permissions()
        ids = [int(number) for number in (await form_of(request)).body["messages"]]
        if not FEWEST <= len(ids) <= MOST:
            raise Refused(400, 50016, "Provided too few or too many messages to delete.")
        if len(set(ids)) != len(ids):
            raise invalid("messages: The set already contains this value")
        if min(ids) < self._state.id_at(self._state.now() - BULK_SECONDS):
            raise Refused(
                400, 50034, "You can only bulk delete messages that are under 14 days old."
            )
        there = self._state.messages
        gone = [i for i in ids if i in there and there[i]["channel_id"] == str(where)]
        self._drop(gone)
        if gone:
            guild = self._state.channels[where]["guild_id"]
            told = {"ids": [str(i) for i in gone], "channel_id": str(where), "guild_id": guild}
            await self._gateway.dispatch("MESSAGE_DELETE_BULK", told)
        return nothing()

    def _drop(self, ids: Sequence[int]) -> None:
        for identity in ids:
            del self._state.messages[identity]
            self._state.deleted.append(identity)
            self._state.deleted_at[identity] = time.monotonic()

    def _found(self, request: web.Request) -> tuple[dict[str, Any], discord.Permissions]:
        """Return the requested message, and the bot's permissions in its channel."""
        where = int(request.match_info["channel"])
        allowed = self._state.visible(where)
        message = self._state.messages.get(int(request.match_info["id"]))
        if message is None or message["channel_id"] != str(where):
            raise unknown_message()
        return message, allowed


def outside(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as REST gives it. Only the gateway includes the author's roles."""
    return {key: value for key, value in message.items() if key not in {"member", "guild_id"}}
