"""A stand-in Discord on real sockets: enough gateway and REST for the real client to work with.

It speaks plain-text frames, answers with Content-Type exactly application/json, and remembers
what the bot did to it. What it does wrong on purpose is set on its attributes.
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
