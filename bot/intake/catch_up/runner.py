"""Reading what passed the bot by: oldest first, channels in turns, within limits."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
import structlog

from bot.domain import Post
from bot.platform.retries import PASSING, ServerUnavailableError, passes, reason_of, wait_after
from bot.platform.surfaces import nickname_of, post_of, title_of
from bot.store.patience import Patience
from bot.store.sqlite.journal import Journal

log = structlog.stdlib.get_logger(__name__)

PAGE: Final = 100
"""Messages, and members, that Discord gives at once."""

A_MOMENT: Final = 0.2
MEMBERS_SECONDS: Final = 10.0

MOST_MEMBERS: Final = 5_000
"""Members that are remembered while gaps are being closed."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


@dataclass(slots=True)
class _Turns:
    """How a server stands in the queue for Discord's answers."""

    latest: int = 0
    """The number of its latest turn, counted over all servers."""
    attempts: int = 0
    not_before: float = 0.0
    """The time, on the loop's clock, until which Discord is not asked again."""


@dataclass(slots=True)
class _Gap:
    channel: Readable
    after: int
    until: int
    left: int
    edits: bool
    """Whether the page before the gap is still to be read for what was edited meanwhile."""


class CatchUp:
    """Knows which channels have been read without a gap, and closes the gaps of the others.

    A gap is what was written while no session was there, while a server was out, or while the
    queue was full. From the moment a session begins until the gaps of a server are known, none of
    its watermarks rises; after that those of the channels that are behind stay until their gap is
    closed. A crash in between so begins again where it was.

    Of what was edited meanwhile the latest ``PAGE`` messages before the gap are looked at.
    Messages deleted in the gap, and what stood before an edit, are gone.
    """

    def __init__(
        self,
        client: discord.Client,
        journal: Journal,
        submit: Callable[[Post], Awaitable[None]],
        drained: Callable[[], Awaitable[None]],
        *,
        patience: Patience,
        hours: float,
        messages: int,
    ) -> None:
        self._client = client
        self._journal = journal
        self._submit = submit
        self._drained = drained
        self._patience = patience
        self._hours = hours
        self._messages = messages
        self._session = 0
        self._ready = False
        self._known: set[int] = set()
        """The servers whose gaps are known."""
        self._gaps: OrderedDict[int, _Gap] = OrderedDict()
        """By channel; of a server's the first one has its turn."""
        self._turns: dict[int, _Turns] = {}
        """By server."""
        self._missed: dict[int, Post] = {}
        """By channel, the latest post for which there was no room."""
        self._members: dict[tuple[int, int], discord.Member | None] = {}
        """By server and person, for as long as gaps are being closed."""
        self._running: asyncio.Task[None] | None = None

    def level(self, post: Post) -> bool:
        """Return whether a post's channel has been read without a gap."""
        channel_id = post.channel_id
        return (
            post.guild_id in self._known
            and channel_id not in self._gaps
            and channel_id not in self._missed
        )

    def begin(self) -> None:
        """Expect gaps everywhere: a new session has begun."""
        self._session += 1
        self._ready = False
        self._known.clear()

    async def start(self) -> None:
        """Find all gaps, and close them beside everything else."""
        await self.stop()
        self._gaps.clear()
        self._turns.clear()
        self._members.clear()
        self._ready = True
        await self._find(self._client.guilds)

    def unavailable(self, guild_id: int) -> None:
        """Expect gaps in a server that is out."""
        self._known.discard(guild_id)

    async def available(self, guild_id: int) -> None:
        """Find the gaps of a server that is back; before ``start`` that will find them."""
        guild = self._client.get_guild(guild_id)
        if self._ready and guild is not None:
            await self._find([guild])

    async def joined(self, guild_id: int) -> None:
        """Note that what stands in a server now was written before the bot came."""
        guild, session = self._client.get_guild(guild_id), self._session
        if guild is not None:
            await self._begin(guild)  # its first step is taken before anything else comes
        if session == self._session:
            self._known.add(guild_id)

    def missed(self, post: Post) -> None:
        """Expect a gap where there was no room for a post; it is read again once there is."""
        self._missed[post.channel_id] = post
        self._work()

    async def stop(self) -> None:
        """Leave gaps as they are; the next session finds them again."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def done(self) -> None:
        """Wait until every gap that is known is closed."""
        if self._running is not None:
            await asyncio.wait({self._running})

    def _work(self) -> None:
        idle = self._running is None or self._running.done()
        if self._ready and idle and (self._gaps or self._missed):
            self._running = asyncio.create_task(self._close(), name="catch-up")

    async def _find(self, guilds: Sequence[discord.Guild]) -> None:
        session = self._session
        watermarks = await self._patience.until_written(self._journal.watermarks, "watermarks")
        for guild in guilds:
            if guild.unavailable:
                continue
            known = watermarks.get(guild.id)
            if known is None:
                await self._begin(guild)
            if session != self._session:
                return
            if known is not None:
                self._add(self._gap(channel, known) for channel in _rooms(guild))
            self._known.add(guild.id)
        self._work()
        for guild in guilds:
            if not guild.unavailable and guild.id in watermarks:
                await self._drop_gone(guild, watermarks[guild.id])

    async def _drop_gone(self, guild: discord.Guild, known: Mapping[int, int]) -> None:
        """Forget channels that are not there any more; a thread may come back from the archive."""
        there = {channel.id for channel in _rooms(guild)}
        oldest = self._oldest()
        gone = [number for number, mark in known.items() if number not in there and mark < oldest]
        if gone and len(gone) < len(known):  # a server with no mark at all is a new one
            await self._patience.until_written(
                lambda: self._journal.drop_watermarks(gone), "watermarks"
            )

    def _oldest(self) -> int:
        """Return the id of a message that is as old as is looked back."""
        return discord.utils.time_snowflake(datetime.now(UTC) - timedelta(hours=self._hours))

    async def _begin(self, guild: discord.Guild) -> None:
        marks = [
            (channel.id, guild.id, channel.last_message_id or channel.id)
            for channel in _rooms(guild)
        ]
        await self._patience.until_written(
            lambda: self._journal.raise_watermarks(marks), "watermarks"
        )

    def _add(self, gaps: Iterator[_Gap | None]) -> None:
        found = [gap for gap in gaps if gap is not None]
        # Where something is missing before where only an edit may be.
        found.sort(key=lambda gap: gap.until <= gap.after)
        self._gaps.update((gap.channel.id, gap) for gap in found)

    def _gap(
        self, channel: Readable, known: Mapping[int, int], missed: Post | None = None
    ) -> _Gap | None:
        """Return what is to be read of a channel, ``None`` for nothing.

        ``known`` has the server's watermarks; a channel without one was made while the bot was
        away, and what stood there before the bot came is none of its business. A channel in which
        nobody wrote for as long as is looked back costs nothing.
        """
        me = channel.guild.me
        oldest = self._oldest()
        came = 0 if me.joined_at is None else discord.utils.time_snowflake(me.joined_at)
        after = max(known.get(channel.id, channel.id), came)
        until = max(channel.last_message_id or channel.id, missed.message_id if missed else 0)
        recent = after > oldest
        if until <= after and not recent and missed is None:
            return None
        try:
            allowed = channel.permissions_for(me)
        except discord.ClientException:
            return None  # a thread in a channel that the bot does not see
        if not (allowed.view_channel and allowed.read_message_history):
            return None
        if not recent and channel.id in known:
            log.warning(
                "older messages are not caught up with", channel_id=channel.id, hours=self._hours
            )
        return _Gap(
            channel, max(after, oldest), until, self._messages, edits=recent or missed is not None
        )

    async def _close(self) -> None:
        read = taken = 0
        if self._gaps:
            log.info("catching up", channels=len(self._gaps))
        while self._gaps or self._missed:
            if self._missed:
                await self._look_for_missed()
                continue
            gap = self._next()
            if gap is None:
                self._members.clear()  # their roles may change meanwhile
                await asyncio.sleep(A_MOMENT)
                continue
            self._gaps.move_to_end(gap.channel.id)
            taken += 1
            self._turns_of(gap).latest = taken
            if not self._there(gap.channel.guild):
                self._closed(gap)  # when the server is back its gaps are found again
                continue
            try:
                read += await self._turn(gap)
                self._turns_of(gap).attempts = 0
            except (*PASSING, discord.HTTPException) as error:
                self._put_off(gap, error)
            except Exception:
                # One channel must not hold up the others; its watermark stays where it is.
                log.exception("cannot catch up", channel_id=gap.channel.id)
                self._known.discard(gap.channel.guild.id)
                self._closed(gap)
        self._members.clear()
        self._turns.clear()
        if read:
            log.info("caught up", messages=read)

    def _next(self) -> _Gap | None:
        """Return the gap whose turn it is: servers in turns, and channels within each."""
        now = asyncio.get_running_loop().time()
        due = (gap for gap in self._gaps.values() if self._turns_of(gap).not_before <= now)
        return min(due, key=lambda gap: self._turns_of(gap).latest, default=None)

    def _turns_of(self, gap: _Gap) -> _Turns:
        return self._turns.setdefault(gap.channel.guild.id, _Turns())

    def _there(self, guild: discord.Guild) -> bool:
        """Return whether a server is there, in this session: a new one has objects of its own."""
        return self._client.get_guild(guild.id) is guild and not guild.unavailable

    def _put_off(self, gap: _Gap, error: Exception) -> None:
        """Let other servers have their turns first, or give up what Discord refuses."""
        again = passes(error)
        about = {"channel_id": gap.channel.id, "reason": reason_of(error)}
        if not again:
            log.warning("cannot catch up", **about)
            self._closed(gap)
            return
        turns = self._turns_of(gap)
        wait = wait_after(turns.attempts)
        log.warning("catching up put off", wait_seconds=wait, **about)
        turns.attempts += 1
        turns.not_before = asyncio.get_running_loop().time() + wait

    def _closed(self, gap: _Gap) -> None:
        if self._gaps.get(gap.channel.id) is gap:  # or its server was out and back meanwhile
            del self._gaps[gap.channel.id]

    async def _look_for_missed(self) -> None:
        """Turn what there was no room for into gaps, once there is room again."""
        await self._drained()
        watermarks = await self._patience.until_written(self._journal.watermarks, "watermarks")
        missed, self._missed = self._missed, {}
        log.info("reading again what there was no room for", channels=len(missed))
        for channel_id, post in missed.items():
            channel = self._client.get_channel(channel_id)
            if not isinstance(channel, Readable):
                continue  # deleted since
            known = watermarks.get(post.guild_id, {})
            gap = self._gap(channel, known, post)
            begun = self._gaps.get(channel_id)
            if begun is not None and gap is not None:
                begun.until, begun.edits = max(begun.until, gap.until), True
            elif gap is not None:
                self._gaps[channel_id] = gap

    async def _turn(self, gap: _Gap) -> int:
        """Read the next page of a gap, and note it as read; return how many messages it had."""
        channel = gap.channel
        before = gap.after, gap.left, gap.edits
        if gap.edits:
            posts = await self._edited(gap)
            gap.edits = False
        else:
            posts = await self._page(gap)
        for post in posts:
            await self._submit(post)
        # Only what is on disk counts as read.
        await self._drained()
        if channel.id in self._missed:
            # The queue was full, and what made room may be of this very page.
            gap.after, gap.left, gap.edits = before
            return 0
        mark = channel.id, channel.guild.id, gap.after
        await self._patience.until_written(
            lambda: self._journal.raise_watermarks([mark]), "watermarks"
        )
        if gap.edits or (gap.after < gap.until and gap.left > 0):
            return len(posts)
        if gap.after < gap.until:
            log.warning(
                "too many messages to catch up with, the latest were left out",
                channel_id=channel.id,
                messages=self._messages,
            )
        self._closed(gap)
        return len(posts)

    async def _edited(self, gap: _Gap) -> list[Post]:
        """Read what was edited since the gap began, and the title of a thread."""
        since = discord.utils.snowflake_time(gap.after)
        page = await self._history(gap.channel, before=discord.Object(gap.after + 1))
        edited = [
            message
            for message in reversed(page)
            if message.edited_at is not None and message.edited_at > since
        ]
        posts = await self._posts(gap.channel, edited)
        if isinstance(gap.channel, discord.Thread):
            title = title_of(gap.channel)
            if title is not None:
                posts.append(title)
        return posts

    async def _page(self, gap: _Gap) -> list[Post]:
        """Read the next messages of a gap and move its beginning behind them."""
        limit = min(PAGE, gap.left)
        found = await self._history(gap.channel, limit=limit, after=discord.Object(gap.after))
        posts = await self._posts(gap.channel, found)
        gap.left -= limit
        gap.after = max((message.id for message in found), default=gap.until)
        if len(found) < limit:
            gap.after = max(gap.after, gap.until)
        return posts

    async def _history(
        self,
        channel: Readable,
        *,
        limit: int = PAGE,
        before: discord.Object | None = None,
        after: discord.Object | None = None,
    ) -> list[discord.Message]:
        # Before one message, the latest; after one, the oldest.
        pages = channel.history(limit=limit, before=before, after=after)
        return [message async for message in pages]

    async def _posts(self, channel: Readable, found: Sequence[discord.Message]) -> list[Post]:
        """Return the posts that messages are, with the names their authors go by.

        History comes without the authors' roles, and moderators and the roles that are exempt are
        known by them.
        """
        guild = channel.guild
        await self._ask_for(guild, {m.author.id for m in found if m.webhook_id is None})
        posts: dict[tuple[int, int], Post] = {}
        for message in found:
            message.author = self._members.get((guild.id, message.author.id)) or message.author
            for post in (post_of(message, guild.me.id), nickname_of(message)):
                if post is not None:
                    posts.setdefault((post.message_id, post.revision), post)
        return list(posts.values())

    async def _ask_for(self, guild: discord.Guild, ids: Collection[int]) -> None:
        """Get to know at most ``PAGE`` members, with few requests: 120 a minute are allowed."""
        if len(self._members) > MOST_MEMBERS:
            self._members.clear()
        new = [number for number in ids if (guild.id, number) not in self._members]
        if not new:
            return
        # Not cached: what discord.py keeps so is never renewed, names neither.
        async with asyncio.timeout(MEMBERS_SECONDS):  # others wait for their turns
            found = await guild.query_members(user_ids=new, limit=PAGE, cache=False)
        if not self._there(guild):
            # A session that ends answers its questions with nothing, as if all had left.
            raise ServerUnavailableError
        self._members.update(((guild.id, number), None) for number in new)  # who left stays so
        self._members.update(((guild.id, member.id), member) for member in found)


def _rooms(guild: discord.Guild) -> list[Readable]:
    return [
        *guild.text_channels,
        *guild.voice_channels,
        *guild.stage_channels,
        *guild.threads,
    ]
