"""Reads every text of a Discord message, title or nickname into a ``Post``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import discord
import structlog

from bot.domain import (
    BIGGEST_ID,
    POSTED,
    CaseId,
    ChannelId,
    GuildId,
    Post,
    SubjectId,
    Surface,
    UserId,
    clean,
    edited,
    message_case,
    worded,
)
from bot.platform.members import is_moderator, roles_of
from bot.platform.places import place_of

log = structlog.stdlib.get_logger(__name__)

READ_TYPES = frozenset(
    {
        discord.MessageType.default,
        discord.MessageType.reply,
        discord.MessageType.chat_input_command,
        discord.MessageType.context_menu_command,
        discord.MessageType.thread_starter_message,
    }
)
"""Messages that somebody wrote. All other types are Discord's own announcements."""

COMPONENT_TEXTS: Final = frozenset(
    {"content", "label", "placeholder", "description", "title", "name", "value"}
)
"""The keys of message components that contain visible text."""


def text_of(message: discord.Message) -> str:
    """Return every text of a message, one per line, starting with its content.

    The others are embeds, names and alt texts of attachments, names of stickers, components, all
    of these in forwarded messages, and a poll. A text that appears twice is read once.
    """
    if not (
        message.embeds
        or message.attachments
        or message.stickers
        or message.message_snapshots
        or message.poll
        or getattr(message, "components", None)  # missing if the frame has none
    ):  # nearly every message
        return clean(message.content) if message.content.strip() else ""
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
        yield from (embed.provider.name, embed.author.name, embed.title, embed.description)
        for field in embed.fields:
            yield from (field.name, field.value)
        yield embed.footer.text
    for attachment in message.attachments:
        yield from (attachment.title, attachment.filename, attachment.description)
    for sticker in message.stickers:
        yield sticker.name
    for component in getattr(message, "components", ()):  # missing if the frame has none
        yield from _texts_of_component(component)


def _texts_of_component(component: discord.Component) -> list[str | None]:
    """Return a component's texts, or none if discord.py does not fully support its kind."""
    try:
        return [*_component_texts(component.to_dict()), *_file_names(component)]
    except Exception as error:  # noqa: BLE001 - the rest of the message is still read
        log.error("component not read", reason=type(error).__name__)  # noqa: TRY400 - no text
        return []


def _file_names(component: object) -> Iterator[str | None]:
    """Yield the names of attached files in components, which ``to_dict`` leaves out."""
    if isinstance(component, discord.FileComponent):
        yield component.name
    for child in getattr(component, "children", ()):
        yield from _file_names(child)


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


def post_of(message: discord.Message, own_id: int, *, later: bool = False) -> Post | None:
    """Return the post to score, or ``None`` for a message that the bot does not read.

    It does not read direct messages, its own messages, announcements, messages without text, and
    other bots' messages, because a log that quotes a message would cause another alert. It reads
    webhooks, because anybody with the address can write through one. ``later`` means an update. A
    link's preview is an update without an edit time, so its revision is a hash of the text.
    """
    if message.guild is None or message.author.id == own_id or message.type not in READ_TYPES:
        return None
    webhook = message.webhook_id is not None
    if message.author.bot and not webhook:
        return None
    text = text_of(message)
    if not text or message.id > BIGGEST_ID or message.author.id > BIGGEST_ID:
        return None
    author = message.author
    parent_id, category_id = place_of(message.channel)
    revision = POSTED
    if message.edited_at is not None:
        revision = edited(message.edited_at)
    elif later:
        revision = worded(text)
    return Post(
        id=message_case(message.guild.id, message.id, revision),
        channel_id=ChannelId(message.channel.id),
        author_id=UserId(author.id),
        created_at=message.created_at,
        text=text,
        author_name=clean(author.display_name),
        parent_id=parent_id,
        category_id=category_id,
        role_ids=roles_of(author),
        moderator=is_moderator(author),
        webhook=webhook,
        roles_known=webhook or isinstance(author, discord.Member),
        joined_at=getattr(author, "joined_at", None),
    )


def title_of(thread: discord.Thread) -> Post | None:
    """Return the title of a thread or forum post. Titles are alerted on but never deleted."""
    name = clean(thread.name).strip()
    if not name:
        return None
    parent_id, category_id = place_of(thread)
    subject = SubjectId(thread.id)
    return Post(
        id=CaseId(GuildId(thread.guild.id), Surface.TITLE, subject, worded(name)),
        channel_id=ChannelId(thread.id),
        author_id=UserId(thread.owner_id or 0),
        created_at=thread.created_at or discord.utils.snowflake_time(thread.id),
        text=name,
        parent_id=parent_id,
        category_id=category_id,
    )


def nickname_of(message: discord.Message) -> Post | None:
    """Return the display name of a message's author. Names are alerted on but never deleted."""
    author = message.author
    if not isinstance(author, discord.Member) or author.bot:
        return None
    name = clean(author.display_name).strip()
    if not name:
        return None
    parent_id, category_id = place_of(message.channel)
    guild = GuildId(author.guild.id)
    revision = worded(str(guild), name)
    return Post(
        id=CaseId(guild, Surface.NICKNAME, SubjectId(author.id), revision),
        channel_id=ChannelId(message.channel.id),
        author_id=UserId(author.id),
        created_at=message.created_at,
        text=name,
        author_name=name,
        parent_id=parent_id,
        category_id=category_id,
        role_ids=roles_of(author),
        moderator=is_moderator(author),
        joined_at=author.joined_at,
    )
