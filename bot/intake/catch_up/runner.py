"""Closes gaps: reads missed messages, oldest first, in one channel after another, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.clock import Clock
from bot.domain import ChannelId, Decision, GuildId, Post, SubjectId
from bot.domain.snowflakes import snowflake_at, time_at
from bot.intake.catch_up.gaps import Bounds, Gap, Gaps, Reading, gap_of, page_size
from bot.intake.history import History
from bot.retries import TEMPORARY, RefusedError
from bot.store.patience import Patience
from bot.store.ports import Mark, Watermarks

log = structlog.stdlib.get_logger(__name__)

A_MOMENT: Final = 0.2
AGAIN: Final = 10.0
"""Seconds before archived threads are requested again."""

SHORTEST_LIFE: Final = timedelta(minutes=55)
"""Discord archives a thread after an hour at the earliest, unless somebody archives it by hand."""

Enter = Callable[[Post], Awaitable[asyncio.Future[Decision]]]


class CatchUp:
    """Finds gaps when a session begins, and closes them in the background.

    Edits are found in the page of messages just before the gap. Messages that were deleted in the
    meantime, and texts from before an edit, cannot be read any more.
    """

    def __init__(
        self,
        gaps: Gaps,
        history: History,
        watermarks: Watermarks,
        enter: Enter,
        *,
        patience: Patience,
        clock: Clock,
        hours: float,
        messages: int,
    ) -> None:
        self._history = history
        self._watermarks = watermarks
        self._enter = enter
        self._patience = patience
        self._clock = clock
        self._hours = hours
        self._messages = messages
        self._gaps = gaps
        self._session = 0
        self._ready = False
        self._archives: dict[GuildId, tuple[datetime, dict[ChannelId, SubjectId]]] = {}
        """Servers whose archived threads must still be listed: since when, and their watermarks."""
        self._out_since: dict[GuildId, datetime] = {}
        self._running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start a new session: every channel may have a gap."""
        self._session += 1
        self._ready = False
        self._gaps.begin()

    async def start(self) -> None:
        """Find all gaps, and start to close them in the background."""
        await self.stop()
        self._gaps.restart()
        self._archives.clear()
        self._history.forget_members()
        self._ready = True
        await self._find(self._history.guilds())

    def unavailable(self, guild: GuildId) -> None:
        """Note that a server is unavailable: every channel there may have a gap."""
        self._gaps.unavailable(guild)
        self._out_since.setdefault(guild, self._clock.now())

    async def available(self, guild: GuildId) -> None:
        """Find the gaps of a server that is available again. Before ``start`` this does nothing."""
        if self._ready and self._history.present(guild):
            await self._find([guild])

    async def joined(self, guild: GuildId) -> None:
        """Set the watermarks of a new server, whose messages are all from before the bot joined."""
        session = self._session
        # Runs without interruption up to reading the channels, so that no message is skipped.
        await self._begin(guild)
        if session == self._session:
            self._gaps.know(guild)

    def missed(self, post: Post) -> None:
        """Note that the full queue rejected a post. It is read again once there is room."""
        self._gaps.miss(post)
        self._work()

    async def stop(self) -> None:
        """Stop reading. The next session finds the remaining gaps again."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def done(self) -> None:
        """Wait until all known gaps are closed."""
        if self._running is not None:
            await asyncio.wait({self._running})

    def _work(self) -> None:
        idle = self._running is None or self._running.done()
        if self._ready and idle and (self._gaps or self._archives):
            self._running = asyncio.create_task(self._close(), name="catch-up")

    # ------------------------------------------------------------------ finding gaps

    async def _find(self, guilds: Sequence[GuildId]) -> None:
        session = self._session
        watermarks = await self._patience.until_written(self._watermarks.all, "watermarks")
        # Listing archived threads takes a request per channel, so skip it after short downtimes.
        newest = max((max(marks.values()) for marks in watermarks.values()), default=0)
        away = self._clock.now() - time_at(newest)
        for guild in guilds:
            marks = watermarks.get(guild)
            if marks is None:
                await self._begin(guild)
            if session != self._session:
                return
            if marks is None:
                self._gaps.know(guild)
                continue
            bounds = self._bounds(guild)
            gaps = (gap_of(channel, marks, bounds) for channel in self._history.channels(guild))
            found = [gap for gap in gaps if gap is not None]
            self._log_old(found, marks, bounds)
            self._gaps.know(guild, found)
            out = self._out_since.pop(guild, None)
            if max(away, self._clock.now() - out if out else away) > SHORTEST_LIFE:
                self._archives[guild] = time_at(max(bounds.came, bounds.oldest)), marks
        self._work()
        for guild in guilds:
            if guild in watermarks:
                await self._drop_gone(guild, watermarks[guild])

    def _bounds(self, guild: GuildId) -> Bounds:
        came = self._history.joined_at(guild)
        oldest = self._clock.now() - timedelta(hours=self._hours)
        return Bounds(
            SubjectId(0 if came is None else snowflake_at(came)),
            SubjectId(snowflake_at(oldest)),
            self._messages,
        )

    def _log_old(
        self, gaps: Sequence[Gap], marks: dict[ChannelId, SubjectId], bounds: Bounds
    ) -> None:
        for gap in gaps:
            if gap.channel.id in marks and max(marks[gap.channel.id], bounds.came) <= bounds.oldest:
                log.warning(
                    "old messages skipped",
                    channel_id=gap.channel.id,
                    hours=self._hours,
                )

    async def _begin(self, guild: GuildId) -> None:
        marks = [
            Mark(guild, channel.id, channel.latest) for channel in self._history.channels(guild)
        ]
        await self._patience.until_written(lambda: self._watermarks.raise_to(marks), "watermarks")

    async def _drop_gone(self, guild: GuildId, marks: dict[ChannelId, SubjectId]) -> None:
        """Drop old watermarks of channels that are gone. Archived threads may come back."""
        there = {channel.id for channel in self._history.channels(guild)}
        oldest = self._bounds(guild).oldest
        gone = [
            channel for channel, mark in marks.items() if channel not in there and mark < oldest
        ]
        if gone and len(gone) < len(marks):  # a server without watermarks would seem new
            await self._patience.until_written(
                lambda: self._watermarks.drop(guild, gone), "watermarks"
            )

    # ------------------------------------------------------------------ closing them

    async def _close(self) -> None:
        read = 0
        if self._gaps:
            log.info("catch-up started", channels=len(self._gaps))
        while self._gaps or self._archives:
            if self._gaps.any_missed():
                await self._find_missed()
            gap = self._gaps.next(asyncio.get_running_loop().time())
            if gap is not None:
                read += await self._take_turn(gap)
            elif self._archives:
                await self._look_into_archives()
            else:
                self._history.forget_members()  # roles may change during the wait
                await asyncio.sleep(A_MOMENT)
        self._history.forget_members()
        if read:
            log.info("caught up", messages=read)

    async def _take_turn(self, gap: Gap) -> int:
        if not self._history.present(gap.channel.guild):
            self._gaps.close(gap)  # it is found again once the server is available
            return 0
        fields = {"channel_id": gap.channel.id}
        try:
            read = await self._read(gap)
        except TEMPORARY as error:
            wait = self._gaps.put_off(gap, asyncio.get_running_loop().time())
            log.warning("catch-up postponed", wait_seconds=wait, reason=str(error), **fields)
            return 0
        except RefusedError as error:
            log.warning("catch-up failed", reason=str(error), **fields)
            self._gaps.close(gap)
            return 0
        except Exception:
            # One channel must not block the others. Its watermark stays.
            log.exception("catch-up failed", **fields)
            self._gaps.give_up(gap)
            return 0
        self._gaps.succeeded(gap)
        return read

    async def _find_missed(self) -> None:
        """Turn rejected posts into gaps.

        After ``take_missed`` nothing may be awaited. Until its gap is added a channel seems caught
        up, and its watermark could move past the missed post.
        """
        watermarks = await self._patience.until_written(self._watermarks.all, "watermarks")
        missed = self._gaps.take_missed()
        log.info("rejected messages found again", channels=len(missed))
        for channel_id, post in missed.items():
            channel = self._history.channel(post.guild_id, channel_id)
            if channel is None:
                continue  # deleted, or its server is unavailable
            marks = watermarks.get(post.guild_id, {})
            gap = gap_of(channel, marks, self._bounds(post.guild_id), post.subject_id)
            if gap is not None:
                self._gaps.widen(gap)

    async def _look_into_archives(self) -> None:
        """Find gaps in threads that were archived while the bot was disconnected."""
        guild, (since, marks) = next(iter(self._archives.items()))
        try:
            channels = await self._history.archived(guild, since)
        except TEMPORARY as error:
            log.warning("listing archived threads postponed", guild_id=guild, reason=str(error))
            self._archives[guild] = self._archives.pop(guild)  # other servers first
            await asyncio.sleep(A_MOMENT if len(self._archives) > 1 else AGAIN)
            return
        except Exception:
            # Only this server's archived threads are skipped.
            log.exception("listing archived threads failed", guild_id=guild)
            channels = []
        self._archives.pop(guild, None)
        for channel in channels:
            gap = gap_of(channel, marks, self._bounds(guild))
            if gap is not None and gap.until > gap.after:
                self._gaps.widen(gap)

    async def _read(self, gap: Gap) -> int:
        """Read the next page of a gap and move the watermark. Return the number of posts."""
        channel = gap.channel
        before = gap.after, gap.left, gap.edits
        if gap.edits:
            posts = await self._history.edited(channel, gap.after, time_at(gap.after))
            gap.edits = False
        else:
            limit = page_size(gap)
            page = await self._history.after(channel, gap.after, limit)
            posts = page.posts
            gap.advance(page, limit)
        # A post counts as read once it is on disk, or set aside because it cannot be judged.
        decided = [await self._enter(post) for post in posts]
        await asyncio.gather(*decided, return_exceptions=True)
        if self._gaps.missed_in(channel.id):
            # The queue was full, and the rejected post may be from this page. Read it again.
            gap.after, gap.left, gap.edits = before
            return 0
        mark = Mark(channel.guild, channel.id, gap.after)
        await self._patience.until_written(lambda: self._watermarks.raise_to([mark]), "watermarks")
        state = gap.state()
        if state is Reading.CUT_OFF:
            log.warning(
                "catch-up limit reached, latest messages skipped",
                channel_id=channel.id,
                messages=self._messages,
            )
        if state is not Reading.GOES_ON:
            self._gaps.close(gap)
        return len(posts)
