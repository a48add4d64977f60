"""Checks permissions in the cache before a request is made.

Each request that Discord refuses counts towards a ban of the IP address.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import discord

from bot.domain import Note

ALERT_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, read_message_history=True
)
EVIDENCE_PERMISSIONS: Final = discord.Permissions(attach_files=True)
"""For alerts that do not fit into an embed. Without it they are cut off and say so."""
READ_PERMISSIONS: Final = discord.Permissions(view_channel=True, read_message_history=True)
DELETE_PERMISSIONS: Final = discord.Permissions(view_channel=True, manage_messages=True)
TIMEOUT_PERMISSIONS: Final = discord.Permissions(moderate_members=True)


def missing_permissions(
    channel: discord.abc.GuildChannel | discord.Thread,
    needed: discord.Permissions,
    member: discord.Member | None = None,
) -> list[str]:
    """Return the permissions that a member lacks in a channel, by discord.py's names.

    The member defaults to the bot itself.
    """
    return lacking(channel.permissions_for(member or channel.guild.me), needed)


def lacking(granted: discord.Permissions, needed: discord.Permissions) -> list[str]:
    """Return the needed permissions that are not granted, by discord.py's names."""
    return [name for name, wanted in needed if wanted and not getattr(granted, name)]


def shows_more(
    alerts: discord.abc.GuildChannel | discord.Thread,
    source: discord.abc.GuildChannel | discord.Thread,
) -> bool:
    """Return whether some readers of the alert channel cannot see the source channel.

    Alerts would then show them messages that they cannot read otherwise. Checks the roles that have
    an overwrite in the alert channel, and the default role.
    """
    place, origin = _parent(alerts), _parent(source)
    if isinstance(source, discord.Thread) and source.is_private():
        return alerts.id != source.id
    if place is None or origin is None or place.id == origin.id:
        return False
    roles = {role for role in place.overwrites if isinstance(role, discord.Role)}
    return any(
        place.permissions_for(role).view_channel and not origin.permissions_for(role).view_channel
        for role in roles | {place.guild.default_role}
        if not role.is_bot_managed()
    )


def _parent(channel: discord.abc.GuildChannel | discord.Thread) -> discord.abc.GuildChannel | None:
    return channel.parent if isinstance(channel, discord.Thread) else channel


def may_time_out(actor: discord.Member, target: discord.Member) -> Note | None:
    """Return why one member may not time out another, or ``None`` if they may.

    Discord refuses it for administrators, the owner, and members whose top role is equal or higher.
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
    """Return when a member's running time-out ends, or ``None`` if there is none."""
    until = member.timed_out_until
    return until if until is not None and until > datetime.now(UTC) else None
