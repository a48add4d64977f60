"""Reads the message history of Discord's channels. See ``intake.history.History``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import discord
import structlog

from bot.domain import CaseId, ChannelId, GuildId, Post, SubjectId
from bot.intake.history import PAGE, Channel, Page
from bot.platform.errors import discord_errors
from bot.platform.surfaces import nickname_of, post_of, title_of
from bot.retries import TemporaryError

log = structlog.stdlib.get_logger(__name__)

MEMBERS_SECONDS: Final = 10.0

MOST_MEMBERS: Final = 5_000
"""Members kept in memory while history is read."""

MOST_KEPT: Final = 1_000
"""Archived threads kept in memory until they are read."""

MOST_ARCHIVED: Final = 50
"""The latest archived threads that are read in one channel."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
WithThreads = discord.TextChannel | discord.ForumChannel


class DiscordHistory:
    """Pages of messages, with the roles that their authors have now.

    Exempt authors and moderators are recognised by their roles, but Discord's history comes without
    them. Members are therefore requested separately, which needs no additional intent.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._members: dict[tuple[int, int], discord.Member | None] = {}
        self._archived: dict[ChannelId, discord.Thread] = {}
        self.malformed = 0
        """The number of messages that could not be parsed."""

    def guilds(self) -> Sequence[GuildId]:
        """Return the servers that the bot is in, except unavailable ones."""
        return [GuildId(guild.id) for guild in self._client.guilds if not guild.unavailable]

    def present(self, guild: GuildId) -> bool:
        """Return whether the bot is in a server and the server is available."""
        return self._guild(guild) is not None

    def _guild(self, guild: GuildId) -> discord.Guild | None:
        found = self._client.get_guild(guild)
        return None if found is None or found.unavailable else found

    def joined_at(self, guild: GuildId) -> datetime | None:
        """Return when the bot joined a server, or ``None`` if unknown."""
        found = self._guild(guild)
        return None if found is None else found.me.joined_at

    def channels(self, guild: GuildId) -> Sequence[Channel]:
        """Return a server's channels and active threads."""
        found = self._guild(guild)
        if found is None:
            return []
        channels = (found.text_channels, found.voice_channels, found.stage_channels, found.threads)
        return [_channel_of(channel) for part in channels for channel in part]

    def channel(self, guild: GuildId, channel_id: ChannelId) -> Channel | None:
        """Return a channel or active thread, or ``None`` if it does not exist."""
        found = self._channel(guild, channel_id)
        return None if found is None else _channel_of(found)

    def _channel(self, guild: GuildId, channel: ChannelId) -> Readable | None:
        server = self._guild(guild)
        if server is None:
            return None  # its gaps are found again once it is available
        found = server.get_channel_or_thread(channel) or self._archived.get(channel)
        return found if isinstance(found, Readable) else None

    async def archived(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        """Return a server's public threads that were archived after a time."""
        server = self._guild(guild)
        found: list[Channel] = []
        if server is None:
            return found
        parents: list[WithThreads] = [*server.text_channels, *server.forums]
        for channel in filter(_readable, parents):
            with discord_errors(), suppress(discord.Forbidden, discord.NotFound):
                async for thread in channel.archived_threads(limit=MOST_ARCHIVED):
                    if thread.archive_timestamp < since:
                        break  # the latest ones come first
                    self._archived[ChannelId(thread.id)] = thread
                    found.append(_channel_of(thread))
        while len(self._archived) > MOST_KEPT:
            del self._archived[next(iter(self._archived))]
        return found

    async def after(self, channel: Channel, message: SubjectId, limit: int) -> Page:
        """Return up to ``limit`` messages after a message, oldest first."""
        raw = await self._raw(channel, limit, after=message)
        posts = await self._posts(channel, raw)
        return Page(posts, len(raw), SubjectId(int(raw[-1]["id"])) if raw else None)

    async def edited(self, channel: Channel, until: SubjectId, since: datetime) -> Sequence[Post]:
        """Return the posts edited since a time, of the ``PAGE`` messages up to ``until``.

        A thread's title is always included.
        """
        raw = [
            message
            for message in await self._raw(channel, PAGE, before=until + 1)
            if _edited_after(message, since)
        ]
        posts = list(await self._posts(channel, raw))
        place = self._channel(channel.guild, channel.id)
        title = title_of(place) if isinstance(place, discord.Thread) else None
        return posts if title is None else [*posts, title]

    def forget_members(self) -> None:
        """Forget the authors' roles, so that they are requested again."""
        self._members.clear()

    async def _raw(
        self, channel: Channel, limit: int, *, before: int | None = None, after: int | None = None
    ) -> list[dict[str, Any]]:
        """Return messages as Discord sends them, oldest first.

        discord.py's own iterator is not used because it stops at the first malformed message.
        """
        with discord_errors():
            found: Any = await self._client.http.logs_from(
                channel.id, limit, before=before, after=after
            )
        return sorted(found, key=lambda message: int(message["id"]))

    async def _posts(self, channel: Channel, raw: Sequence[dict[str, Any]]) -> Sequence[Post]:
        """Return the posts of some messages, including their authors' nicknames."""
        place = self._channel(channel.guild, channel.id)
        if place is None:
            return []
        authors = {number for document in raw if (number := _author_of(document))}
        await self._ask_for(place.guild, authors)
        posts: dict[CaseId, Post] = {}
        for document in raw:
            try:
                found = list(self._posts_of(place, document))
            except Exception as error:  # noqa: BLE001 - any field can be missing
                self.malformed += 1
                # Log neither the message nor the error's text, which could quote it.
                log.error(  # noqa: TRY400
                    "malformed message in history",
                    channel_id=place.id,
                    reason=type(error).__name__,
                )
                continue
            for post in found:
                posts.setdefault(post.id, post)
        return list(posts.values())

    def _posts_of(self, channel: Readable, document: dict[str, Any]) -> Iterator[Post]:
        state = self._client._connection  # noqa: SLF001 - no public API parses a message
        message = state.create_message(channel=channel, data=document)  # type: ignore[arg-type]
        member = self._members.get((channel.guild.id, message.author.id))
        message.author = member or message.author
        for post in (post_of(message, channel.guild.me.id), nickname_of(message)):
            if post is not None:
                # Authors who left the server have no roles.
                yield replace(post, roles_known=True)

    async def _ask_for(self, guild: discord.Guild, ids: Collection[int]) -> None:
        """Request the members not known yet, at most ``PAGE``, in one of 120 requests a minute."""
        if len(self._members) > MOST_MEMBERS:
            self._members.clear()
        new = [number for number in ids if (guild.id, number) not in self._members]
        if not new:
            return
        # Not cached: discord.py would never update such members, not even their names.
        with discord_errors():
            async with asyncio.timeout(MEMBERS_SECONDS):  # other servers are waiting
                found = await guild.query_members(user_ids=new, limit=PAGE, cache=False)
        if self._guild(GuildId(guild.id)) is not guild:
            # A session that ends answers with an empty list, as if all members had left.
            raise TemporaryError("the session ended")
        self._members.update(((guild.id, number), None) for number in new)  # those who left
        self._members.update(((guild.id, member.id), member) for member in found)


def _channel_of(channel: Readable) -> Channel:
    return Channel(
        GuildId(channel.guild.id),
        ChannelId(channel.id),
        SubjectId(channel.last_message_id or channel.id),
        readable=_readable(channel),
    )


def _readable(channel: Readable | WithThreads) -> bool:
    try:
        allowed = channel.permissions_for(channel.guild.me)
    except discord.ClientException:
        return False  # a thread in a channel that the bot cannot see
    return allowed.view_channel and allowed.read_message_history


def _author_of(document: dict[str, Any]) -> int | None:
    """Return the id of a message's author, or ``None`` for webhooks and malformed messages."""
    try:
        return None if document.get("webhook_id") else int(document["author"]["id"])
    except (KeyError, TypeError, ValueError):
        return None


def _edited_after(message: dict[str, Any], since: datetime) -> bool:
    try:
        return datetime.fromisoformat(message["edited_timestamp"]) > since
    except (KeyError, TypeError, ValueError):
        return False  # never edited
