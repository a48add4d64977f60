"""Requests the roles of authors whose messages came without them, before posts are judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import discord
import structlog

from bot.domain import GuildId, Post
from bot.intake.catch_up.gaps import Gaps
from bot.platform.errors import discord_errors, reason_of
from bot.platform.members import is_moderator, roles_of
from bot.retries import TEMPORARY, RefusedError, wait_after

log = structlog.stdlib.get_logger(__name__)

PAGE: Final = 100
"""Members that Discord returns for one request."""

ATTEMPTS: Final = 3
MEMBERS_SECONDS: Final = 10.0

MOST_WAITING: Final = 5_000
"""Posts that may wait for roles in one server. Further ones are judged without roles."""


class Roles:
    """Holds posts until their authors' roles are known. Each server with such posts has one task.

    After ``ATTEMPTS`` failed requests a post is submitted with ``roles_known`` false. The bot may
    then alert on it, but neither deletes it nor times out its author.
    """

    def __init__(self, client: discord.Client, gaps: Gaps, submit: Callable[[Post], bool]) -> None:
        self._client = client
        self._gaps = gaps
        self._submit = submit
        self._waiting: dict[GuildId, list[Post]] = {}
        self._tasks: dict[GuildId, asyncio.Task[None]] = {}

    def ask(self, post: Post) -> None:
        """Submit a post once its author's roles are known. Returns without waiting."""
        waiting = self._waiting.setdefault(post.guild_id, [])
        if len(waiting) >= MOST_WAITING:
            self._submit(post)
            return
        waiting.append(post)
        self._gaps.hold(post.channel_id)
        if post.guild_id not in self._tasks:
            name = f"roles-{post.guild_id}"
            self._tasks[post.guild_id] = asyncio.create_task(self._serve(post.guild_id), name=name)

    async def done(self) -> None:
        """Wait until no post is waiting for roles."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def stop(self) -> None:
        """Drop the waiting posts. Their channels' watermarks stay, so they are read again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, guild: GuildId) -> None:
        try:
            while part := self._waiting[guild][:PAGE]:
                del self._waiting[guild][:PAGE]
                for post in await self._with_roles(guild, part):
                    self._submit(post)
                    self._gaps.release(post.channel_id)
        finally:
            del self._tasks[guild], self._waiting[guild]

    async def _with_roles(self, guild: GuildId, posts: list[Post]) -> list[Post]:
        for attempt in range(ATTEMPTS):
            try:
                members = await self._members(guild, {int(post.author_id) for post in posts})
            except (*TEMPORARY, RefusedError) as error:
                log.warning("role request failed", guild_id=guild, reason=str(error))
                await asyncio.sleep(wait_after(attempt))
            except Exception as error:  # noqa: BLE001 - a frame can be malformed in any way
                log.error(  # noqa: TRY400
                    "role request failed", guild_id=guild, reason=reason_of(error)
                )
                break
            else:
                return [_told(post, members.get(post.author_id)) for post in posts]
        return posts

    async def _members(self, guild: GuildId, ids: set[int]) -> dict[int, discord.Member]:
        server = self._client.get_guild(guild)
        if server is None:
            raise RefusedError("the bot is not in the server")
        with discord_errors():
            async with asyncio.timeout(MEMBERS_SECONDS):
                found = await server.query_members(user_ids=list(ids), limit=PAGE, cache=False)
        if self._client.get_guild(guild) is not server:
            # A session that ends answers with an empty list, as if all members had left.
            raise RefusedError("the session ended")
        return {member.id: member for member in found}


def _told(post: Post, member: discord.Member | None) -> Post:
    """Return a post with its author's roles, which are none after the author left."""
    if member is None:
        return replace(post, roles_known=True)
    return replace(
        post, roles_known=True, role_ids=roles_of(member), moderator=is_moderator(member)
    )
