"""One function from a Discord message to a Post."""

from __future__ import annotations

import re
from datetime import datetime

import discord

from bot.domain import Post
from bot.intake.members import is_moderator

# SQLite would take a NUL and PostgreSQL would not, no encoder takes a lone surrogate.
_UNCLEAN = re.compile("[\x00\ud800-\udfff]")

READ_TYPES = frozenset(
    {
        discord.MessageType.default,
        discord.MessageType.reply,
        discord.MessageType.chat_input_command,
        discord.MessageType.context_menu_command,
        discord.MessageType.thread_starter_message,
    }
)
"""Messages somebody wrote; the others are Discord's own announcements."""


def clean(text: str) -> str:
    """Replace what no database and no encoder can carry by U+FFFD."""
    return _UNCLEAN.sub("\ufffd", text)


def _microseconds(moment: datetime) -> int:
    """Return a time as Discord tells it, fine enough that two quick edits differ."""
    return int(moment.timestamp() * 1_000_000)


def post_of(message: discord.Message, own_id: int) -> Post | None:
    """Return the post to be scored, ``None`` for a message that is none of the bot's business.

    That is: direct messages, the bot's own, announcements, other bots' (a log that quotes a
    message would be alerted again), and messages without text. Webhooks are read, because
    anybody who holds the address can write through one.
    """
    if message.guild is None or message.author.id == own_id or message.type not in READ_TYPES:
        return None
    if message.author.bot and message.webhook_id is None:
        return None
    text = clean(message.content)
    if not text.strip():
        return None
    author = message.author
    parent_id, category_id = place_of(message.channel)
    return Post(
        message_id=message.id,
        guild_id=message.guild.id,
        channel_id=message.channel.id,
        author_id=author.id,
        created_at=message.created_at,
        text=text,
        author_name=clean(author.display_name),
        revision=0 if message.edited_at is None else _microseconds(message.edited_at),
        parent_id=parent_id,
        category_id=category_id,
        role_ids=tuple(role.id for role in author.roles)
        if isinstance(author, discord.Member)
        else (),
        moderator=is_moderator(author),
        webhook=message.webhook_id is not None,
    )


def place_of(channel: object) -> tuple[int, int]:
    """Return the ids of a thread's channel or forum, and of the category above; 0 for none."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        return channel.parent_id, (parent.category_id or 0) if parent else 0
    return 0, getattr(channel, "category_id", None) or 0
