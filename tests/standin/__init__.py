"""A stand-in Discord on real sockets, with as much of the gateway and REST API as the bot needs.

It sends uncompressed frames, answers with Content-Type exactly ``application/json``, and records
what the bot did. Its attributes make it misbehave on purpose.
"""

from tests.standin.faults import only
from tests.standin.objects import (
    APPLICATION,
    BOT,
    BOT_PERMISSIONS,
    BOT_ROLE,
    GENERAL,
    GUILD,
    MEMBER,
    MEMBER_PERMISSIONS,
    MODERATOR_PERMISSIONS,
    MODERATOR_ROLE,
    MODERATORS,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    OWNER,
    THREAD,
    TOKEN,
    channel,
    member,
    role,
    user,
)
from tests.standin.server import StandIn

__all__ = [
    "APPLICATION",
    "BOT",
    "BOT_PERMISSIONS",
    "BOT_ROLE",
    "GENERAL",
    "GUILD",
    "MEMBER",
    "MEMBER_PERMISSIONS",
    "MODERATORS",
    "MODERATOR_PERMISSIONS",
    "MODERATOR_ROLE",
    "NEIGHBOUR",
    "NEIGHBOUR_GENERAL",
    "NEIGHBOUR_MODERATORS",
    "OWNER",
    "THREAD",
    "TOKEN",
    "StandIn",
    "channel",
    "member",
    "only",
    "role",
    "user",
]
