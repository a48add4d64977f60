"""The state of a server: where alerts go, what the bot does, and which permissions it lacks."""

from __future__ import annotations

import discord

from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    DELETE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    lacking,
    missing_permissions,
)
from bot.policy.rules import Policy
from bot.ui.discord.alert import FIELD_LENGTH
from bot.ui.discord.quoting import shorten
from bot.ui.words import Words


def add_line(embed: discord.Embed, name: str, value: str) -> None:
    """Add a field as wide as the embed, cut to the length that Discord allows."""
    embed.add_field(name=name, value=shorten(value, FIELD_LENGTH), inline=False)


def add_state(
    embed: discord.Embed,
    guild: discord.Guild,
    policy: Policy,
    words: Words,
    *,
    nowhere: str = "show.nowhere",
) -> None:
    """Show the alert channel, the mode and the preset, and which permissions the bot lacks.

    ``nowhere`` is the key of what is said if there is no alert channel.
    """
    channel = policy.alert_channel_id
    alerts = f"<#{channel}>" if channel else words(nowhere)
    if policy.ping_role_id:
        role, above = f"<@&{policy.ping_role_id}>", f"{policy.ping_above:.2f}"
        alerts += "\n" + words("show.ping", role=role, above=above)
    about = words(f"preset_about.{policy.preset}")
    add_line(embed, words("show.alerts"), alerts)
    add_line(
        embed, words("show.mode"), words("show.enforce" if policy.enforcing else "show.observe")
    )
    add_line(embed, words("show.preset"), f"{words(f'preset.{policy.preset}')}: {about}")
    add_lacking(embed, guild, policy, words)


def add_lacking(embed: discord.Embed, guild: discord.Guild, policy: Policy, words: Words) -> None:
    """Show which permissions the bot lacks, if any: in the alert channel, and in the server."""
    lines = []
    if policy.alert_channel_id:
        channel = guild.get_channel_or_thread(policy.alert_channel_id)
        if channel is None:
            lines.append(words("setup.channel_gone"))
        elif missing := missing_permissions(channel, ALERT_PERMISSIONS):
            names = words.permissions(missing)
            lines.append(words("setup.lacking_alerts", missing=names, channel=channel.mention))
    if missing := lacking(guild.me.guild_permissions, DELETE_PERMISSIONS | TIMEOUT_PERMISSIONS):
        lines.append(words("setup.lacking", missing=words.permissions(missing)))
    if lines:
        add_line(embed, words("setup.lacking_title"), "\n".join(lines))
