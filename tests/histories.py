"""A message history in memory, and a catch-up that reads it into a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.clock import Clock
from bot.domain import ChannelId, Decision, GuildId, Post, SubjectId
from bot.domain.snowflakes import snowflake_at
from bot.intake.catch_up.gaps import Gaps
from bot.intake.catch_up.runner import CatchUp
from bot.intake.history import PAGE, Channel, Page
from bot.store.patience import Patience
from bot.store.ports import Mark
from bot.store.sqlite.store import SqliteStore
from tests import making

NOW = datetime.now(UTC)


def at(minutes_ago: float, number: int = 0) -> int:
    """Return the id of a message that was written some minutes ago."""
    return snowflake_at(NOW - timedelta(minutes=minutes_ago)) + number


@dataclass(slots=True)
class Written:
    """A ``History`` in memory, which records its calls."""

    messages: dict[Channel, list[int]] = field(default_factory=dict)
    edits: dict[ChannelId, list[Post]] = field(default_factory=dict)
    hidden: dict[Channel, list[int]] = field(default_factory=dict)
    out: set[GuildId] = field(default_factory=set)
    came: datetime | None = None
    raises: dict[ChannelId, list[Exception]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)
    forgot: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first request for messages."""

    def guilds(self) -> Sequence[GuildId]:
        return sorted({channel.guild for channel in self.messages} - self.out)

    def present(self, guild: GuildId) -> bool:
        return guild not in self.out

    def joined_at(self, guild: GuildId) -> datetime | None:
        del guild
        return self.came

    def channels(self, guild: GuildId) -> Sequence[Channel]:
        return [channel for channel in self.messages if channel.guild == guild]

    def channel(self, guild: GuildId, channel_id: ChannelId) -> Channel | None:
        found = (each for each in self.channels(guild) if each.id == channel_id)
        return next(found, None)

    async def archived(self, guild: GuildId, since: datetime) -> Sequence[Channel]:
        self.asked.append(("archived", guild))
        self.since.append(since)
        self._fail(ChannelId(0))
        return [channel for channel in self.hidden if channel.guild == guild]

    async def after(self, channel: Channel, message: SubjectId, limit: int) -> Page:
        self.asked.append(("after", channel.id))
        self._fail(channel.id)
        there = [*self.messages.get(channel, []), *self.hidden.get(channel, [])]
        found = sorted(number for number in there if number > message)[: min(limit, PAGE)]
        posts = [making.post(n, guild=channel.guild, channel=channel.id) for n in found]
        return Page(posts, len(found), SubjectId(found[-1]) if found else None)

    async def edited(self, channel: Channel, until: SubjectId, since: datetime) -> Sequence[Post]:
        del until
        self.asked.append(("edited", channel.id))
        self.since.append(since)
        self._fail(channel.id)
        return self.edits.get(channel.id, [])

    def forget_members(self) -> None:
        self.forgot += 1

    def _fail(self, channel: ChannelId) -> None:
        self.began.set()
        if self.raises.get(channel):
            raise self.raises[channel].pop(0)


def make_channel(channel: int, *numbers: int, guild: int = 2) -> tuple[Channel, list[int]]:
    latest = max(numbers, default=channel)
    return Channel(GuildId(guild), ChannelId(channel), SubjectId(latest)), list(numbers)


@dataclass(slots=True)
class Reader:
    """A catch-up with a history in memory, and the posts that it has read."""

    history: Written
    store: SqliteStore
    gaps: Gaps
    entered: list[Post]
    full_for: list[Post]
    """Posts that the queue rejects once."""
    catch_up: CatchUp

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        history: Written,
        *,
        hours: float = 24,
        messages: int = 1_000,
        begun: bool = True,
    ) -> AsyncIterator[Reader]:
        """Yield a reader whose session has just begun."""
        store = await SqliteStore.open(path)
        gaps = Gaps()
        entered: list[Post] = []
        full_for: list[Post] = []

        def settle(post: Post, done: asyncio.Future[Decision]) -> None:
            if post in full_for:
                full_for.remove(post)
                gaps.miss(post)
                done.cancel()
            elif not done.done():
                entered.append(post)
                done.set_result(making.decision())

        async def enter(post: Post) -> asyncio.Future[Decision]:
            done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
            # As in the bot, the result is not known immediately.
            asyncio.get_running_loop().call_soon(settle, post, done)
            return done

        catch_up = CatchUp(
            gaps,
            history,
            store.watermarks,
            enter,
            patience=Patience(),
            clock=Clock(),
            hours=hours,
            messages=messages,
        )
        if begun:
            catch_up.begin()
        yield cls(history, store, gaps, entered, full_for, catch_up)
        await catch_up.stop()
        await store.close()

    async def mark(self, **at_message: int) -> None:
        """Set the server's watermarks, such as ``_3=id`` for channel 3."""
        marks = [
            Mark(GuildId(2), ChannelId(int(name[1:])), SubjectId(number))
            for name, number in at_message.items()
        ]
        await self.store.watermarks.raise_to(marks)

    async def marks(self, guild: int = 2) -> dict[ChannelId, SubjectId]:
        """Return a server's watermarks."""
        return (await self.store.watermarks.all()).get(GuildId(guild), {})

    async def started(self) -> None:
        """Start, and wait until every gap is closed."""
        await self.catch_up.start()
        async with asyncio.timeout(20):
            await self.catch_up.done()

    def read(self) -> list[int]:
        """Return the messages that were read, in order."""
        return [post.subject_id for post in self.entered]

    def caught_up(self, channel: int = 3, guild: int = 2) -> bool:
        """Return whether a channel's watermark may rise."""
        return self.gaps.caught_up(making.post(guild=guild, channel=channel))
