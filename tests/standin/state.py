"""What the stand-in knows, and what tests set: servers, messages, people, and what goes wrong."""

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
    """A Discord of one server with two channels, and any others that ``channels`` speaks of."""

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
    left: set[int] = field(default_factory=set)
    """Who is no member any more, or never was; everybody else is one."""
    timed_out: dict[int, str | None] = field(default_factory=dict)
    answers: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """What the bot answered to interactions: who asked, the request, its body."""

    fault: Callable[[web.Request], str] = lambda _request: ""
    """What goes wrong with a request: "429", "429 for an hour", "403", "500", "503", "delay", "drop" before
    anything is done or "lose" after it, "" for nothing."""
    asked_for_members: Callable[[], Awaitable[bool]] | None = None
    """What happens when the bot asks for members; it returns whether that is all."""
    out: set[int] = field(default_factory=set)
    """Servers that are not there when the bot connects."""
    everybody: bool = False
    """Whether every connection is told of everything, not only the latest."""
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    ahead_seconds: float = 0
    """How far its clock, and so every id, is ahead of the bot's; more of it lets time pass."""
    nonce_seconds: float = 300
    """How long a nonce holds."""
    nonces: dict[tuple[int, str], tuple[float, dict[str, Any]]] = field(default_factory=dict)
    """What was sent with a nonce, by channel and nonce, and when."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    deleted_at: dict[int, float] = field(default_factory=dict)
    """When a message was deleted, in seconds of the monotonic clock."""
    commands: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    identified: asyncio.Event = field(default_factory=asyncio.Event)

    schema: Schema | None = field(default_factory=published)
    """Discord's document that everything is held against, ``None`` for not at all."""
    violations: list[str] = field(default_factory=list)
    """What the bot or the stand-in did against it; ``serving`` raises them in the end."""

    port: int = 0
    _last_id: int = 0

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def now(self) -> float:
        """Seconds since 1970 by Discord's clock."""
        return time.time() + self.ahead_seconds

    def new_id(self) -> int:
        """A snowflake of now, later than every one before."""
        self._last_id = max(self.id_at(self.now()), self._last_id + 1)
        return self._last_id

    def id_at(self, seconds: float) -> int:
        """The first snowflake of a moment."""
        return (int(seconds * 1_000) - EPOCH) << 22

    def person(self, identity: int) -> dict[str, Any]:
        """A member, with their roles."""
        if identity == BOT:
            found = member(BOT, "bellwether", [BOT_ROLE], bot=True)
            return {**found, "joined_at": self.joined_at}
        found = member(identity, "robin", self.roles.get(identity, []))
        return {**found, "communication_disabled_until": self.timed_out.get(identity)}

    def permissions(self, where: int) -> discord.Permissions:
        """What the bot may do in a channel or thread, after the channel's overwrites."""
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
        """What the bot may do in a channel; raises ``Refused`` where it is not or not seen."""
        if where not in self.channels:
            raise unknown_channel()
        allowed = self.permissions(where)
        if not allowed.view_channel:
            raise missing_access()
        return allowed

    def message(self, identity: int, where: int, author: int, content: str) -> dict[str, Any]:
        """A message as the gateway tells of it."""
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

    _message = message  # by this name tests ask for a message that nobody sends

    def guilds(self) -> list[int]:
        """The servers that the bot is in."""
        found = dict.fromkeys(int(channel["guild_id"]) for channel in self.channels.values())
        return list(found) if self.invited else []

    def threads(self, guild: int, *, archived: bool) -> list[dict[str, Any]]:
        """The threads of a server, those at work or those put away."""
        return [
            found
            for found in self.channels.values()
            if found["guild_id"] == str(guild)
            and "thread_metadata" in found
            and found["thread_metadata"]["archived"] is archived
        ]

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
