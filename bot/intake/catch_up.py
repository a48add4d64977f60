"""Reading what was written while the bot was away: oldest first, channels in turns, within limits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import discord
import structlog

from bot.domain import Post
from bot.intake.surfaces import post_of
from bot.store.journal import Journal

log = structlog.stdlib.get_logger(__name__)

PAGE: Final = 100
"""Messages that Discord gives at once."""

PASSING: Final = (discord.DiscordServerError, aiohttp.ClientError, OSError)
ATTEMPTS: Final = 5

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


@dataclass(slots=True)
class _Gap:
    channel: Readable
    after: int
    until: int
    left: int


class CatchUp:
    """Knows which channels have been read without a gap, and closes the gaps of the others.

    From the moment a session begins until the gaps are known, no watermark rises; after that those
    of the channels that are behind stay until their gap is closed. A crash in between so begins
    again where it was. Messages deleted in the gap, and what stood before an edit, are gone.
    """

    def __init__(
        self,
        journal: Journal,
        submit: Callable[[Post], Awaitable[None]],
        drained: Callable[[], Awaitable[None]],
        *,
        hours: float,
        messages: int,
    ) -> None:
        self._journal = journal
        self._submit = submit
        self._drained = drained
        self._hours = hours
        self._messages = messages
        self._planning = True
        self._behind: set[int] = set()
        self._running: asyncio.Task[None] | None = None

    def level(self, channel_id: int) -> bool:
        """Return whether a channel has been read without a gap."""
        return not self._planning and channel_id not in self._behind

    def begin(self) -> None:
        """Expect gaps: a new session has begun."""
        self._planning = True

    async def start(self, client: discord.Client) -> None:
        """Find the gaps, and close them beside everything else."""
        await self.stop()
        gaps = await self._plan(client)
        self._behind = {gap.channel.id for gap in gaps}
        self._planning = False
        if gaps:
            log.info("catching up", channels=len(gaps))
            own_id = client.user.id if client.user else 0
            self._running = asyncio.create_task(self._close(gaps, own_id), name="catch-up")

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

    async def _plan(self, client: discord.Client) -> list[_Gap]:
        watermarks = await self._journal.watermarks()
        oldest = discord.utils.time_snowflake(datetime.now(UTC) - timedelta(hours=self._hours))
        gaps, begun = [], []
        for guild in client.guilds:
            known = watermarks.get(guild.id)
            rooms: list[Readable] = [
                *guild.text_channels,
                *guild.voice_channels,
                *guild.stage_channels,
                *guild.threads,
            ]
            for channel in rooms:
                until = channel.last_message_id or channel.id
                if known is None:
                    # What stood in a server before the bot came is none of its business.
                    begun.append((channel.id, guild.id, until))
                    continue
                # A channel that is not known was made while the bot was away.
                after = known.get(channel.id, channel.id)
                if until <= after:
                    continue
                allowed = channel.permissions_for(guild.me)
                if not (allowed.view_channel and allowed.read_message_history):
                    continue
                if after < oldest and channel.id in known:
                    log.warning(
                        "older messages are not caught up with",
                        channel_id=channel.id,
                        hours=self._hours,
                    )
                gaps.append(_Gap(channel, max(after, oldest), until, self._messages))
        await self._journal.begin_watermarks(begun)
        return gaps

    async def _close(self, gaps: list[_Gap], own_id: int) -> None:
        turns, read = deque(gaps), 0
        while turns:
            gap = turns.popleft()
            try:
                posts = await self._page(gap, own_id)
            except (discord.Forbidden, discord.NotFound) as error:
                log.warning("cannot catch up", channel_id=gap.channel.id, status=error.status)
                self._behind.discard(gap.channel.id)
                continue
            for post in posts:
                await self._submit(post)
            read += len(posts)
            # Only what is on disk counts as read.
            await self._drained()
            await self._journal.raise_watermark(gap.channel.guild.id, gap.channel.id, gap.after)
            if gap.after < gap.until and gap.left > 0:
                turns.append(gap)
                continue
            if gap.after < gap.until:
                log.warning(
                    "too many messages to catch up with, the latest were left out",
                    channel_id=gap.channel.id,
                    messages=self._messages,
                )
            self._behind.discard(gap.channel.id)
        log.info("caught up", messages=read)

    async def _page(self, gap: _Gap, own_id: int) -> list[Post]:
        """Read the next messages of a gap and move its beginning behind them."""
        limit = min(PAGE, gap.left)
        for attempt in range(ATTEMPTS):
            try:
                found = [
                    message
                    async for message in gap.channel.history(
                        limit=limit, after=discord.Object(gap.after), oldest_first=True
                    )
                ]
                break
            except PASSING as error:
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("catching up put off", reason=type(error).__name__)
                await asyncio.sleep(2.0**attempt)
        gap.left -= limit
        gap.after = max((message.id for message in found), default=gap.until)
        if len(found) < limit:
            gap.after = max(gap.after, gap.until)
        posts = (post_of(message, own_id) for message in found)
        return [post for post in posts if post is not None]
