"""Payloads of Discord's objects: users, channels, threads, members and roles."""

from __future__ import annotations

from typing import Any

import discord

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


def user(identity: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {
        "id": str(identity),
        "username": name,
        "global_name": name,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
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
        "flags": 0,
    }


def thread(identity: int, name: str, parent: int, guild: int = GUILD) -> dict[str, Any]:
    return {
        "id": str(identity),
        "type": THREAD,
        "name": name,
        "guild_id": str(guild),
        "parent_id": str(parent),
        "owner_id": str(MEMBER),
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "locked": False,
            "create_timestamp": discord.utils.utcnow().isoformat(),
        },
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
        "nick": None,
        "avatar": None,
        "banner": None,
        "pending": False,
        "premium_since": None,
        "communication_disabled_until": None,
    }
