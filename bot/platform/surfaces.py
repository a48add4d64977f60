"""Everything Discord shows that somebody wrote, as posts: messages, titles, nicknames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Final

import discord

from bot.domain import Post, Surface
from bot.platform.members import is_moderator, roles_of

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

COMPONENT_TEXTS: Final = frozenset(
    {"content", "label", "placeholder", "description", "title", "name", "value"}
)
"""The keys under which Discord's message components keep what people read."""


def clean(text: str) -> str:
    """Replace what no database and no encoder can carry by U+FFFD."""
    return _UNCLEAN.sub("\ufffd", text)


def text_of(message: discord.Message) -> str:
    """Return every text of a message, one a line: what was written, then what comes with it.

    That is: content, embeds, forwarded messages with all of theirs, a poll, names and alt texts of
    attachments, names of stickers, components. Nothing is read twice.
    """
    found = list(_parts(message))
    for snapshot in message.message_snapshots:
        found += _parts(snapshot)
    if message.poll is not None:
        found.append(message.poll.question)
        found += [answer.text for answer in message.poll.answers]
    return clean("\n".join(dict.fromkeys(part for part in found if part and part.strip())))


def _parts(message: discord.Message | discord.MessageSnapshot) -> Iterator[str | None]:
    yield message.content
    for embed in message.embeds:
        yield from (embed.author.name, embed.title, embed.description)
        for field in embed.fields:
            yield from (field.name, field.value)
        yield embed.footer.text
    for attachment in message.attachments:
        yield from (attachment.title, attachment.filename, attachment.description)
    for sticker in message.stickers:
        yield sticker.name
    for component in getattr(message, "components", ()):  # absent where the frame lacks them
        yield from _component_texts(component.to_dict())


def _component_texts(tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if isinstance(value, str):
                if name in COMPONENT_TEXTS:
                    yield value
            else:
                yield from _component_texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _component_texts(value)


def fingerprint(*texts: str) -> int:
    """Return a number from 1 to 2⁴⁹ that stays the same for the same texts, on every machine."""
    digest = blake2b("\0".join(texts).encode(), digest_size=6).digest()
    return 1 + int.from_bytes(digest) % 2**49


def post_of(message: discord.Message, own_id: int, *, later: bool = False) -> Post | None:
    """Return the post to be scored, ``None`` for a message that is none of the bot's business.

    That is: direct messages, the bot's own, announcements, other bots' (a log that quotes a
    message would be alerted again), and messages without text. Webhooks are read, because
    anybody who holds the address can write through one. ``later`` says that a message is told of
    again: a link's preview, which has no time of its own, is known by its text.
    """
    if message.guild is None or message.author.id == own_id or message.type not in READ_TYPES:
        return None
    if message.author.bot and message.webhook_id is None:
        return None
    text = text_of(message)
    if not text:
        return None
    author = message.author
    parent_id, category_id = place_of(message.channel)
    revision = 0
    if message.edited_at is not None:
        revision = _microseconds(message.edited_at)
    elif later:
        revision = fingerprint(text)
    return Post(
        message_id=message.id,
        guild_id=message.guild.id,
        channel_id=message.channel.id,
        author_id=author.id,
        created_at=message.created_at,
        text=text,
        author_name=clean(author.display_name),
        revision=revision,
        parent_id=parent_id,
        category_id=category_id,
        role_ids=roles_of(author),
        moderator=is_moderator(author),
        webhook=message.webhook_id is not None,
    )


def title_of(thread: discord.Thread) -> Post | None:
    """Return a thread's or forum post's title as a post; it can be told of, not deleted."""
    name = clean(thread.name).strip()
    if not name:
        return None
    parent_id, category_id = place_of(thread)
    return Post(
        message_id=thread.id,
        guild_id=thread.guild.id,
        channel_id=thread.id,
        author_id=thread.owner_id or 0,
        created_at=thread.created_at or discord.utils.snowflake_time(thread.id),
        text=name,
        # Negative, and so never that of the message the thread began with, which has its id.
        revision=-fingerprint(name),
        parent_id=parent_id,
        category_id=category_id,
        surface=Surface.TITLE,
    )


def nickname_of(message: discord.Message) -> Post | None:
    """Return the name a message's author goes by here, as a post; it can be told of, not deleted."""
    author = message.author
    if not isinstance(author, discord.Member) or author.bot:
        return None
    name = clean(author.display_name).strip()
    if not name:
        return None
    parent_id, category_id = place_of(message.channel)
    return Post(
        message_id=author.id,
        guild_id=author.guild.id,
        channel_id=message.channel.id,
        author_id=author.id,
        created_at=message.created_at,
        text=name,
        author_name=name,
        revision=-fingerprint(str(author.guild.id), name),
        parent_id=parent_id,
        category_id=category_id,
        role_ids=roles_of(author),
        moderator=is_moderator(author),
        surface=Surface.NICKNAME,
    )


def place_of(channel: object) -> tuple[int, int]:
    """Return the ids of a thread's channel or forum, and of the category above; 0 for none."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        return channel.parent_id, (parent.category_id or 0) if parent else 0
    return 0, getattr(channel, "category_id", None) or 0


def _microseconds(moment: datetime) -> int:
    """Return a time as Discord tells it, fine enough that two quick edits differ."""
    return int(moment.timestamp() * 1_000_000)
