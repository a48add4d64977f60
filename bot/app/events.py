"""Handles events from Discord."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.app.wiring import Parts
from bot.domain import GuildId, Post, Surface
from bot.store.ports import Housekeeping


class AppEvents:
    """See ``platform.client.Events``. ``parts`` is set before the client connects."""

    parts: Parts

    def __init__(self, housekeeping: Housekeeping) -> None:
        self._housekeeping = housekeeping
        self.accepting = True
        """Whether new posts are accepted. False while the bot is stopping."""

    def submit(self, post: Post) -> bool:
        """Queue a post; return whether there was room. Posts that do not fit are read later."""
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
        """Register the buttons, and send the commands to Discord if they changed."""
        self.parts.client.add_dynamic_items(self.parts.controls.item())
        await self.parts.tree.sync_if_changed()

    def session_begins(self) -> None:
        """Expect that messages were missed."""
        self.parts.catch_up.begin()

    async def ready(self) -> None:
        """Resume unfinished actions, and read the messages that were missed."""
        await self._returned([GuildId(guild.id) for guild in self.parts.client.guilds])
        self.parts.recovery.resume()
        if self.accepting:
            await self.parts.catch_up.start()
        await self.parts.tree.sync_if_changed()  # in case the first attempt failed

    def unavailable(self, guild: GuildId) -> None:
        """Expect that messages are missed in a server that is unavailable."""
        self.parts.catch_up.unavailable(guild)

    async def available(self, guild: GuildId) -> None:
        """Read what was written in a server while it was unavailable."""
        if self.accepting:
            await self.parts.catch_up.available(guild)

    async def joined(self, guild: GuildId) -> None:
        """Keep a server's data if it was due to be erased. Older messages are not read."""
        await self.parts.catch_up.joined(guild)
        await self._returned([guild])

    async def left(self, guild: GuildId) -> None:
        """Start the delay after which a server's data is erased."""
        await self.parts.patience.until_written(lambda: self._housekeeping.left(guild), "departure")

    async def _returned(self, guilds: Sequence[GuildId]) -> None:
        await self.parts.patience.until_written(
            lambda: self._housekeeping.returned(guilds), "servers"
        )
