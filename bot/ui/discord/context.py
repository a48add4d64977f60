"""What every command works with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import discord

from bot.domain import Note, Post
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import OpenAlerts
from bot.platform.actuators import Alerting, Enforcing, Server
from bot.platform.surfaces import place_of
from bot.policy.book import PolicyBook
from bot.policy.entries import Changes
from bot.policy.replay import Past
from bot.policy.rules import Policy
from bot.policy.thresholds import SettingError
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer

DAYS: int = 7
"""How far a preview looks back unless it is asked for more."""


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the bot that commands and buttons use."""

    store: SqliteStore
    book: PolicyBook
    scorer: Scorer
    dispatcher: Dispatcher
    alerting: Alerting
    alerts: OpenAlerts
    enforcing: Enforcing
    server: Server
    submit: Callable[[Post], Awaitable[None]]
    """Has a post scored, decided, journalled and acted on like one that just arrived."""
    retention_days: int = 90
    """After so many days all about a message is erased."""
    changing: dict[int, asyncio.Lock] = field(default_factory=dict)

    async def change(
        self,
        guild: discord.Guild,
        user_id: int,
        changes: Changes,
        *,
        expecting: Changes | None = None,
        undoes: int | None = None,
    ) -> int | None:
        """Check, keep and apply a server's changed settings; return the change's number.

        ``None`` where everything is so already. Raises ``SettingError`` where the settings make no
        sense, or are not as ``expecting`` says; nothing is changed then.
        """
        # One at a time: two changes at once must see each other.
        async with self.changing.setdefault(guild.id, asyncio.Lock()):
            entries = self.book.entries(guild.id)
            for name, value in (expecting or {}).items():
                if entries.get(name) != value:
                    raise SettingError(Note("error.changed_since"))
            after = self.book.defaults.changed(entries, changes, ChainOf(guild))
            if after == entries:
                return None
            number = await self.store.desk.change(guild.id, changes, user_id, undoes=undoes)
            self.book.put(guild.id, after)
            return number

    async def past(
        self, guild: discord.Guild, policies: list[Policy], *, days: int = DAYS, scope_id: int = 0
    ) -> list[Past]:
        """Return the past days' decisions on which any of some policies could act."""
        least = min((lowest(policy) for policy in policies), default=1.0)
        since = datetime.now(UTC) - timedelta(days=days)
        return await self.store.journal.past(guild.id, since, least, scope_id)


def lowest(policy: Policy) -> float:
    """Return the lowest threshold anywhere in a policy; 1 where there is none."""
    scopes: list[tuple[int, ...]] = [(), *((scope,) for scope in policy.overrides)]
    return min(
        (
            rule.threshold
            for scope in scopes
            for rule in policy.table(scope).values()
            if rule.threshold is not None
        ),
        default=1.0,
    )


@dataclass(frozen=True, slots=True)
class ChainOf:
    """The scopes that hold in a channel of one server."""

    guild: discord.Guild

    def __call__(self, scope_id: int) -> tuple[int, ...]:
        """Return the channel itself, a thread's parent, and the category above."""
        channel = self.guild.get_channel_or_thread(scope_id)
        above = place_of(channel) if channel is not None else ()
        return (scope_id, *(scope for scope in above if scope))
