"""The stand-in's state, which tests set: servers, messages, people, and faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import discord
from aiohttp import web

from tests.standin.http import missing_access, unknown_channel
from tests.standin.objects import (
    BOT,
    BOT_PERMISSIONS,
    BOT_ROLE,
    EPOCH,
    EVERYONE,
    GENERAL,
    GUILD,
    MEMBER_PERMISSIONS,
    MODERATOR_PERMISSIONS,
    MODERATOR_ROLE,
    MODERATORS,
    OWNER,
    channel,
    member,
    role,
)
from tests.standin.schema import Schema, published

ALL = discord.Permissions.all()
NONE = discord.Permissions.none()


@dataclass(slots=True)
class State:
    """A Discord with one server and two channels, and any others in ``channels``."""

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
    """All messages that have not been deleted, oldest first."""
    updates: int = 0
    """The channel where Discord notifies moderators, which community servers have; 0 for none."""
    joined_at: str = "2026-01-01T00:00:00+00:00"
    """When the bot joined the server."""
    roles: dict[int, list[int]] = field(default_factory=dict)
    """Members' roles, besides the default role."""
    left: set[int] = field(default_factory=set)
    """People who are not members. Everybody else is."""
    timed_out: dict[int, str | None] = field(default_factory=dict)
    answers: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """The bot's answers to interactions: who asked, the kind of request, and its body."""

    fault: Callable[[web.Request], str] = lambda _request: ""
    """The fault of a request: "429", "429 for an hour", "403", "500", "503", "delay", or "" for none.
    "drop" closes the connection before the request is carried out, "lose" afterwards."""
    asked_for_members: Callable[[], Awaitable[bool]] | None = None
    """Called when the bot requests members. If it returns true, no answer is sent."""
    out: set[int] = field(default_factory=set)
    """Servers that are unavailable when the bot connects."""
    everybody: bool = False
    """Whether all connections get every event, not only the latest one."""
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    ahead_seconds: float = 0
    """How far its clock, and so every id, is ahead of the bot's. Increase it to let time pass."""
    nonce_seconds: float = 300
    """How long a nonce is remembered."""
    nonces: dict[tuple[int, str], tuple[float, dict[str, Any]]] = field(default_factory=dict)
    """Messages sent with a nonce and when, by channel and nonce."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    deleted_at: dict[int, float] = field(default_factory=dict)
    """When messages were deleted, in seconds of the monotonic clock."""
    commands: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    identified: asyncio.Event = field(default_factory=asyncio.Event)

    schema: Schema | None = field(default_factory=published)
    """Discord's document to check against, or ``None`` to check nothing."""
    violations: list[str] = field(default_factory=list)
    """Violations of the document by the bot or the stand-in. ``serving`` raises them at the end."""

    port: int = 0
    _last_id: int = 0

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def now(self) -> float:
        """Return the seconds since 1970 by Discord's clock."""
        return time.time() + self.ahead_seconds

    def new_id(self) -> int:
        """Return a snowflake of the current time, greater than all earlier ones."""
        self._last_id = max(self.id_at(self.now()), self._last_id + 1)
        return self._last_id

    def id_at(self, seconds: float) -> int:
        """Return the first snowflake of a moment."""
        return (int(seconds * 1_000) - EPOCH) << 22

    def person(self, identity: int) -> dict[str, Any]:
        """Return a member with their roles."""
        if identity == BOT:
            found = member(BOT, "bellwether", [BOT_ROLE], bot=True)
            return {**found, "joined_at": self.joined_at}
        found = member(identity, "robin", self.roles.get(identity, []))
        return {**found, "communication_disabled_until": self.timed_out.get(identity)}

    def permissions(self, where: int) -> discord.Permissions:
        """Return the bot's permissions in a channel or thread, including overwrites."""
        found: dict[str, Any] | None = self.channels[where]
        if found is not None and "thread_metadata" in found:
            found = self.channels.get(int(found["parent_id"]))
        if found is None or not self.invited:
            return NONE
        granted = (MEMBER_PERMISSIONS | self.bot_permissions).value
        if discord.Permissions(granted).administrator:
            return ALL
        overwrites = {int(item["id"]): item for item in found["permission_overwrites"]}
        for holder in (int(found["guild_id"]), BOT_ROLE, BOT):
            if holder in overwrites:
                granted &= ~int(overwrites[holder]["deny"])
                granted |= int(overwrites[holder]["allow"])
        return discord.Permissions(granted)

    def visible(self, where: int) -> discord.Permissions:
        """Return the bot's permissions in a channel. Raises ``Refused`` if it cannot be seen."""
        if where not in self.channels:
            raise unknown_channel()
        allowed = self.permissions(where)
        if not allowed.view_channel:
            raise missing_access()
        return allowed

    def message(self, identity: int, where: int, author: int, content: str) -> dict[str, Any]:
        """Return a message as the gateway sends it."""
        person = self.person(author)
        return {
            "id": str(identity),
            "channel_id": str(where),
            "guild_id": self.channels[where]["guild_id"],
            "author": person.pop("user"),
            "member": person,
            "content": content,
            "timestamp": discord.utils.snowflake_time(identity).isoformat(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "components": [],
            "flags": 0,
            "pinned": False,
            "type": 0,
        }

    _message = message  # tests use this name for a message that nobody sends

    def guilds(self) -> list[int]:
        """Return the servers that the bot is in."""
        found = dict.fromkeys(int(channel["guild_id"]) for channel in self.channels.values())
        return list(found) if self.invited else []

    def threads(self, guild: int, *, archived: bool) -> list[dict[str, Any]]:
        """Return the archived or the active threads of a server."""
        return [
            found
            for found in self.channels.values()
            if found["guild_id"] == str(guild)
            and "thread_metadata" in found
            and found["thread_metadata"]["archived"] is archived
        ]

    def guild(self, identity: int = GUILD) -> dict[str, Any]:
        """Return a server as the gateway sends it."""
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
            "channels": [c for c in own if "thread_metadata" not in c],
            "threads": self.threads(identity, archived=False),
            "emojis": [],
            "stickers": [],
            "features": [],
            "members": [self.person(BOT)],
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
