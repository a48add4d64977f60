"""Deletes messages and times out members on Discord."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import discord

from bot.clock import Clock
from bot.domain import Case, GuildId, Kind, Outcome, Post, Status, UserId, failed, time_out_end
from bot.enforcement.actuators import DONE
from bot.platform.errors import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, discord_errors
from bot.platform.permissions import (
    DELETE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    may_time_out,
    missing_permissions,
    timed_out_until,
)
from bot.platform.places import Servers

REASON_LENGTH: Final = 512
BULK_MOST: Final = 100
"""The most messages that Discord deletes in one request."""

BULK_AGE: Final = timedelta(days=13, hours=23)
"""Discord bulk-deletes messages up to 14 days old. An hour is left for clocks that differ."""

InBulk = discord.TextChannel | discord.VoiceChannel | discord.Thread


class Enforcing:
    """The actuator of enforce mode: deletes messages and times out members."""

    def __init__(self, servers: Servers, clock: Clock) -> None:
        self._servers = servers
        self._clock = clock

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete messages. A message that no longer exists counts as deleted."""
        posts = [case.decision.post for case in cases]
        return [await self.delete_posts(posts)] * len(cases)

    async def delete_posts(self, posts: Sequence[Post]) -> Outcome:
        """Delete messages of one channel, in bulk where possible."""
        with discord_errors():
            try:
                channel = await self._servers.find(posts[0].guild_id, posts[0].channel_id)
                if channel is None:
                    return failed("failed.no_channel")
                missing = missing_permissions(channel, DELETE_PERMISSIONS)
                if missing:
                    return failed("failed.delete_permission", missing=" ".join(missing))
                return await self._delete(channel, posts)
            except discord.Forbidden as error:
                return failed("failed.refused", reason=error.text)

    async def _delete(
        self, channel: discord.abc.GuildChannel | discord.Thread, posts: Sequence[Post]
    ) -> Outcome:
        partial = self._servers.client.get_partial_messageable(
            channel.id, guild_id=channel.guild.id
        )
        bulk, single = split_for_bulk(
            posts, self._clock.now() - BULK_AGE, in_bulk=isinstance(channel, InBulk)
        )
        for part in bulk:
            try:
                if isinstance(channel, InBulk):
                    await channel.delete_messages([discord.Object(number) for number in part])
            except discord.NotFound as error:
                if error.code == UNKNOWN_CHANNEL:
                    return DONE  # the messages are gone with their channel
                if error.code != UNKNOWN_MESSAGE:
                    raise
                single += part  # one of them is gone, the others may not be
        for number in single:
            try:
                await partial.get_partial_message(number).delete()
            except discord.NotFound as error:
                if error.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
                    raise
        return DONE

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time the author out until the latest end that any of the messages calls for.

        The time is counted from the message, so that a retry does not extend it.
        """
        due = [
            (time_out_end(case.decision.post, why), case.decision.post, why)
            for case in cases
            if (why := case.decision.reason_for(Kind.TIMEOUT))
        ]
        until, post, why = max(due, key=lambda found: found[0])
        if until <= self._clock.now():
            return [failed("failed.timeout_over")] * len(cases)
        note = f"Bellwether: {why.harm} {why.score:.2f} >= {why.threshold:.2f}"
        return [await self.time_out_until(post.guild_id, post.author_id, until, note)] * len(cases)

    async def time_out_until(
        self,
        guild_id: GuildId,
        user_id: UserId,
        until: datetime | None,
        reason: str,
        *,
        lifting: datetime | None = None,
    ) -> Outcome:
        """Time a member out, never shortening a running time-out. ``until=None`` lifts it.

        With ``lifting``, a time-out is only lifted if it ends at or before that time. A longer one
        was given by somebody else.
        """
        with discord_errors():
            guild = self._servers.guild(guild_id)
            if guild is None or not guild.me.guild_permissions >= TIMEOUT_PERMISSIONS:
                return failed("failed.timeout_permission" if guild else "failed.no_channel")
            try:
                member = await guild.fetch_member(user_id)
                refusal = may_time_out(guild.me, member)
                if refusal is not None:
                    return Outcome(Status.FAILED, refusal)
                if (outcome := _already_settled(member, until, lifting)) is not None:
                    return outcome
                await member.edit(timed_out_until=until, reason=reason[:REASON_LENGTH])
            except discord.NotFound:
                return failed("failed.member_left")
            except discord.Forbidden as error:
                return failed("failed.refused", reason=error.text)
        return DONE


def _already_settled(
    member: discord.Member, until: datetime | None, lifting: datetime | None
) -> Outcome | None:
    """Return the outcome if no request to Discord is needed, or else ``None``."""
    running = timed_out_until(member)
    if until is not None:
        return DONE if running is not None and running >= until else None
    if running is not None and lifting is not None and running > lifting + timedelta(seconds=2):
        return failed("failed.timeout_other", until=f"<t:{int(running.timestamp())}:f>")
    return None


def split_for_bulk(
    posts: Sequence[Post], oldest: datetime, *, in_bulk: bool
) -> tuple[list[list[int]], list[int]]:
    """Split message ids into batches to delete in bulk, at most 100 each, and single ones."""
    ids = list(dict.fromkeys(int(post.subject_id) for post in posts))
    old = {post.subject_id for post in posts if post.created_at <= oldest}
    single = [number for number in ids if number in old or not in_bulk]
    bulk = list(_batches([number for number in ids if number not in single]))
    if bulk and len(bulk[-1]) == 1:  # Discord rejects a bulk deletion of one message
        single = [*bulk.pop(), *single]
    return bulk, single


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BULK_MOST):
        yield list(ids[start : start + BULK_MOST])
