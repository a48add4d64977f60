"""URLs of messages."""

from __future__ import annotations

from bot.domain import ChannelId, GuildId, Post, Surface


def message_url(guild: GuildId, channel: ChannelId, message: int) -> str:
    """Return the URL of a message. For a deleted message it opens the channel."""
    return f"https://discord.com/channels/{guild}/{channel}/{message}"


def jump_url(post: Post) -> str:
    """Return the URL of a message, or of where a title or nickname was seen."""
    if post.surface is Surface.TITLE:
        return f"https://discord.com/channels/{post.guild_id}/{post.channel_id}"
    return message_url(post.guild_id, post.channel_id, post.subject_id)
