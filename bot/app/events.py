"""What the bot does when Discord tells it something."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.app.wiring import Parts
from bot.domain import GuildId, Post, Surface
from bot.store.ports import Housekeeping


class AppEvents:
    """See ``platform.client.Events``. ``parts`` are put in place before the client connects."""

    parts: Parts

    def __init__(self, housekeeping: Housekeeping) -> None:
        self._housekeeping = housekeeping
        self.accepting = True
        """Whether anything new is taken; not while the bot is stopping."""

    def submit(self, post: Post) -> bool:
        """Queue a post; return whether there was room. What there was none for is read later."""
        if not self.accepting:
            return False
        refused = self.parts.pipeline.submit(post)
        if refused is not None and refused.surface is not Surface.NICKNAME:
            self.parts.catch_up.missed(refused)
        return refused is not post

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        """Read a message."""
        self.parts.live.message(post, nickname, later=later)

    def title(self, post: Post) -> None:
        """Read a title."""
        self.parts.live.title(post)

    async def prepare(self) -> None:
        """Have buttons answered, and send Discord the commands if they changed."""
        self.parts.client.add_dynamic_items(self.parts.controls.item())
        await self.parts.tree.sync_if_changed()

    def session_begins(self) -> None:
        """Expect that something was missed."""
        self.parts.catch_up.begin()

    async def ready(self) -> None:
        """Take up what an earlier process left, and read what was written meanwhile."""
        await self._returned([GuildId(guild.id) for guild in self.parts.client.guilds])
        self.parts.recovery.resume()
        if self.accepting:
            await self.parts.catch_up.start()
        await self.parts.tree.sync_if_changed()  # in case it could not be done before

    def unavailable(self, guild: GuildId) -> None:
        """Expect that something is missed in a server that is out."""
        self.parts.catch_up.unavailable(guild)

    async def available(self, guild: GuildId) -> None:
        """Read what was written in a server while it was out."""
        if self.accepting:
            await self.parts.catch_up.available(guild)

    async def joined(self, guild: GuildId) -> None:
        """Keep a server's data, which may have been about to be erased; leave its past alone."""
        await self.parts.catch_up.joined(guild)
        await self._returned([guild])

    async def left(self, guild: GuildId) -> None:
        """Begin the delay after which a server's data are erased."""
        await self.parts.patience.until_written(lambda: self._housekeeping.left(guild), "departure")

    async def _returned(self, guilds: Sequence[GuildId]) -> None:
        await self.parts.patience.until_written(
            lambda: self._housekeeping.returned(guilds), "servers"
        )
