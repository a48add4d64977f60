"""Use-cases for a server's settings: change, preview, undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from bot.desk.people import Asker, Right
from bot.domain import NOWHERE, ChannelId, GuildId, Kind, Note, Past, UserId
from bot.policy.book import PolicyBook
from bot.policy.entries import ALERT_CHANNEL, MODE, PRESET, Changes, Entries
from bot.policy.replay import Comparison, Judged, Tally, compare, tally
from bot.policy.rules import Policy, Scopes
from bot.policy.thresholds import SettingError
from bot.store.ports import Change, Journal, SettingsStore

DAYS: Final = 7
"""How many days a preview looks back by default."""

LEAST_COUNTED: Final = 0.2
"""Messages that score less are nearly all harmless and say nothing about a threshold."""

RECENT: Final = 500
"""Entries of the history that an undo looks through."""

UNDO_WITHIN: Final = timedelta(hours=1)
"""An undo that names no change looks back this far: an older one may be long forgotten."""

Chain = Callable[[ChannelId], Scopes]
"""Returns the scopes that hold in a channel, the channel itself first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a server's settings: its number, and the entries it changed."""

    number: int
    changes: Sequence[Change]

    @property
    def by(self) -> UserId:
        """Who made the change."""
        return self.changes[0].changed_by

    @property
    def at(self) -> datetime:
        """When the change was made."""
        return self.changes[0].changed_at

    @property
    def names(self) -> set[str]:
        """The entries that the change is about."""
        return {each.name for each in self.changes}

    @property
    def undoes(self) -> int | None:
        """The number of the change that this one undoes, if any."""
        return self.changes[0].undoes

    def stands(self, entries: Entries) -> bool:
        """Return whether every entry still has the value that this change gave it."""
        return all(entries.get(each.name) == each.after for each in self.changes)


class SettingsDesk:
    """Changes the settings of servers, one change at a time for each server."""

    def __init__(self, store: SettingsStore, journal: Journal, book: PolicyBook) -> None:
        self._store = store
        self._journal = journal
        self._book = book
        self._changing: dict[GuildId, asyncio.Lock] = {}

    async def change(
        self,
        guild: GuildId,
        asker: Asker,
        changes: Changes,
        chain: Chain,
        *,
        expecting: Changes | None = None,
        undoes: int | None = None,
    ) -> int | None:
        """Check, store and apply changed settings; return the number of the change.

        Returns ``None`` if nothing changes. Raises ``RefusalError`` if the asker lacks a
        permission, and ``SettingError`` if the settings contradict each other or differ from
        ``expecting``. Nothing is changed then.
        """
        asker.require(*rights_for(changes))
        # One at a time, so that each change is checked against the one before it.
        async with self._changing.setdefault(guild, asyncio.Lock()):
            entries = self._book.entries(guild)
            for name, value in (expecting or {}).items():
                if entries.get(name) != value:
                    raise SettingError(Note("error.changed_since"))
            after = self._book.defaults.changed(entries, changes, chain)
            if after == entries:
                return None
            number = await self._store.change(guild, changes, asker.id, undoes=undoes)
            self._book.put(guild, after)
            return number

    async def undoable(self, guild: GuildId) -> list[Step]:
        """Return the recent changes that can be undone, the latest first.

        A change can be undone once, and only while its settings are as it left them.
        """
        entries = self._book.entries(guild)
        undone = await self._store.undone(guild)
        return [
            step
            for step in await self._steps(guild)
            if step.number not in undone and step.stands(entries)
        ]

    async def undo(
        self, guild: GuildId, asker: Asker, number: int | None, chain: Chain
    ) -> Step | None:
        """Undo a change and return it; without a number, the asker's own latest one.

        The latest one is looked for in the last hour. If it is one of the alert channel, it has to
        be named, because every alert could stop.

        Returns ``None`` if there is no such change. Raises ``SettingError`` if it has to be named,
        has been undone already or its settings have changed since, and whatever ``change`` raises.
        """
        undone = await self._store.undone(guild)
        if number is None:
            since = datetime.now(UTC) - UNDO_WITHIN
            own = (
                step
                for step in await self._steps(guild)
                if step.by == asker.id
                and step.undoes is None
                and step.number not in undone
                and step.at >= since
            )
            latest = next(own, None)
            if latest is not None and ALERT_CHANNEL in latest.names:
                raise SettingError(Note("undo.alert_channel", {"number": latest.number}))
            number = None if latest is None else latest.number
        found = next(iter(await self._steps(guild, number)), None) if number is not None else None
        if found is None:
            return None
        if found.number in undone or not found.stands(self._book.entries(guild)):
            raise SettingError(Note("undo.stale", {"number": found.number}))
        await self.change(
            guild,
            asker,
            {each.name: each.before for each in found.changes},
            chain,
            expecting={each.name: each.after for each in found.changes},
            undoes=found.number,
        )
        return found

    async def _steps(self, guild: GuildId, number: int | None = None) -> list[Step]:
        """Return a server's recent changes, or one of them, the latest first."""
        changes = await self._store.changes(guild, most=RECENT, number=number)
        return [
            Step(each, list(entries))
            for each, entries in groupby(changes, key=lambda change: change.number)
        ]

    async def past(
        self,
        guild: GuildId,
        policies: Sequence[Policy],
        *,
        days: int = DAYS,
        scope: ChannelId = NOWHERE,
    ) -> list[Past]:
        """Return the decisions of the past days that any of the policies could act on."""
        least = min((lowest(policy) for policy in policies), default=1.0)
        since = datetime.now(UTC) - timedelta(days=days)
        return await self._journal.past(guild, since, least, scope)

    async def compared(
        self,
        guild: GuildId,
        now: Policy,
        new: Policy,
        kind: Kind,
        *,
        days: int = DAYS,
        scope: ChannelId = NOWHERE,
    ) -> Comparison:
        """Return how two policies would have acted on the messages of the past days."""
        past = await self.past(guild, [now, new], days=days, scope=scope)
        return await asyncio.to_thread(compare, past, now, new, kind)

    async def seen(
        self, guild: GuildId, *, days: int = DAYS, scope: ChannelId = NOWHERE
    ) -> list[Past]:
        """Return the decisions of the past days with a score of ``LEAST_COUNTED`` or more."""
        since = datetime.now(UTC) - timedelta(days=days)
        return await self._journal.past(guild, since, LEAST_COUNTED, scope)

    async def forecast(self, guild: GuildId) -> tuple[Tally, Judged]:
        """Return what enforcing a server's rules would have done in the past days."""
        policy = self._book.of(guild)
        past = await self.past(guild, [policy])
        return await asyncio.to_thread(tally, past, policy)


def rights_for(changes: Changes) -> set[Right]:
    """Return the permissions that some changes need.

    *Manage Messages* is enough for alerts, deletions and phrases. Time-outs also need *Moderate
    Members*. The mode, presets and exemptions also need *Manage Server*.
    """
    needed = {Right.MANAGE_MESSAGES}
    for name in changes:
        kind, _, rest = name.partition(".")
        if kind == "minutes" or (kind == "threshold" and rest.endswith(f".{Kind.TIMEOUT}")):
            needed.add(Right.MODERATE_MEMBERS)
        if name in {MODE, PRESET} or kind == "exempt":
            needed.add(Right.MANAGE_SERVER)
    return needed


def lowest(policy: Policy) -> float:
    """Return the lowest threshold anywhere in a policy, or 1 if there is none."""
    scopes: list[Scopes] = [(), *((scope,) for scope in policy.overrides)]
    return min(
        (
            rule.threshold
            for scope in scopes
            for rule in policy.table(scope).values()
            if rule.threshold is not None
        ),
        default=1.0,
    )
