"""What the bot, and whoever asks it, may do; asked of the cache, before Discord is asked.

Each request that Discord refuses counts towards a ban of the address.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import discord

from bot.domain import Note

ALERT_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, read_message_history=True
)
DELETE_PERMISSIONS: Final = discord.Permissions(view_channel=True, manage_messages=True)
TIMEOUT_PERMISSIONS: Final = discord.Permissions(moderate_members=True)


def missing_permissions(
    channel: discord.abc.GuildChannel | discord.Thread,
    needed: discord.Permissions,
    member: discord.Member | None = None,
) -> list[str]:
    """Return what a member lacks in a channel, by discord.py's names.

    The member is the bot itself unless another one is given.
    """
    return lacking(channel.permissions_for(member or channel.guild.me), needed)


def lacking(granted: discord.Permissions, needed: discord.Permissions) -> list[str]:
    """Return what is needed and not granted, by discord.py's names."""
    return [name for name, wanted in needed if wanted and not getattr(granted, name)]


def may_time_out(actor: discord.Member, target: discord.Member) -> Note | None:
    """Return why one member may not time another out, ``None`` where they may.

    Discord refuses it for administrators and the owner, and for whoever stands as high or higher.
    """
    guild = target.guild
    if target.id == guild.owner_id or target.guild_permissions.administrator:
        return Note("failed.timeout_admin")
    if target.guild_permissions >= discord.Permissions(manage_messages=True):
        return Note("failed.timeout_moderator")
    own = actor.id == guild.me.id
    if not actor.guild_permissions.moderate_members:
        return Note("failed.timeout_permission" if own else "refused.timeout_permission")
    if actor.id != guild.owner_id and actor.top_role <= target.top_role:
        return Note("failed.role_order" if own else "refused.role_order")
    return None


def timed_out_until(member: discord.Member) -> datetime | None:
    """Return when a member's running time-out ends, ``None`` where there is none."""
    until = member.timed_out_until
    return until if until is not None and until > datetime.now(UTC) else None
