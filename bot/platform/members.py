"""What a message's author may do in its server."""

from __future__ import annotations

from typing import Final

import discord

from bot.domain import RoleId

MODERATOR: Final = discord.Permissions(manage_messages=True)
"""Who counts as a moderator: whoever may delete other people's messages anyway.

The server-wide permissions count, not those in a channel: what moderators set here changes what
happens in the whole server.
"""


def roles_of(person: discord.User | discord.Member | discord.abc.User) -> tuple[RoleId, ...]:
    """Return the ids of somebody's roles; of whom only the account is known, none."""
    return (
        tuple(RoleId(role.id) for role in person.roles)
        if isinstance(person, discord.Member)
        else ()
    )


def is_moderator(person: discord.User | discord.Member | discord.abc.User) -> bool:
    """Return whether somebody moderates the server they were seen in."""
    return isinstance(person, discord.Member) and person.guild_permissions >= MODERATOR
