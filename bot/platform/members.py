"""The roles of a message's author, and whether they are a moderator."""

from __future__ import annotations

from typing import Final

import discord

from bot.domain import RoleId

MODERATOR: Final = discord.Permissions(manage_messages=True)
"""The permissions that make somebody a moderator: they can delete other people's messages anyway.

The server-wide permissions count, not those in a channel, because the bot's settings affect the
whole server.
"""


def roles_of(person: discord.User | discord.Member | discord.abc.User) -> tuple[RoleId, ...]:
    """Return the role ids of a member, or none for a user who is not a member."""
    return (
        tuple(RoleId(role.id) for role in person.roles)
        if isinstance(person, discord.Member)
        else ()
    )


def is_moderator(person: discord.User | discord.Member | discord.abc.User) -> bool:
    """Return whether somebody is a member who moderates the server."""
    return isinstance(person, discord.Member) and person.guild_permissions >= MODERATOR
