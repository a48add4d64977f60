"""What moderators set: thresholds, mode, exemptions, phrases; previews of it, and undoing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.desk.people import Asker, Right
from bot.domain import NOWHERE, ChannelId, GuildId, Kind, Note, Past
from bot.policy.book import PolicyBook
from bot.policy.entries import MODE, PRESET, Changes
from bot.policy.replay import Comparison, Judged, Tally, compare, tally
from bot.policy.rules import Policy, Scopes
from bot.policy.thresholds import SettingError
from bot.store.ports import Change, Journal, SettingsStore

DAYS: Final = 7
"""How far a preview looks back unless it is asked for more."""

Chain = Callable[[ChannelId], Scopes]
"""Returns the scopes above a channel, itself first."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A change that was taken back, by its number and entries."""

    number: int
    changes: Sequence[Change]


class SettingsDesk:
    """Changes servers' settings, one change at a time."""

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
        """Check, keep and apply changed settings; return the change's number.

        ``None`` where nothing is to change. Raises ``RefusalError`` where the asker may not, and
        ``SettingError`` where the settings make no sense, or are not as ``expecting`` says. Nothing
        is changed then.
        """
        asker.require(*rights_for(changes))
        # One at a time: two changes at once must see each other.
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

    async def undo(
        self, guild: GuildId, asker: Asker, number: int | None, chain: Chain
    ) -> Undone | None:
        """Take a change back; the latest threshold or preset unless another one is named.

        ``None`` where there is none. Raises ``SettingError`` where it was taken back already, or
        something was changed since.
        """
        undone = await self._store.undone(guild)
        if number is None:
            number = _latest(await self._store.changes(guild, most=500), undone)
        found = [] if number is None else await self._store.changes(guild, number=number)
        if number is None or not found:
            return None
        entries = self._book.entries(guild)
        if number in undone or any(entries.get(each.name) != each.after for each in found):
            raise SettingError(Note("undo.stale", {"number": number}))
        await self.change(
            guild,
            asker,
            {each.name: each.before for each in found},
            chain,
            expecting={each.name: each.after for each in found},
            undoes=number,
        )
        return Undone(number, found)

    async def past(
        self,
        guild: GuildId,
        policies: Sequence[Policy],
        *,
        days: int = DAYS,
        scope: ChannelId = NOWHERE,
    ) -> list[Past]:
        """Return the past days' decisions on which any of some policies could act."""
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
        """Return what two policies would have done in the past days."""
        past = await self.past(guild, [now, new], days=days, scope=scope)
        return await asyncio.to_thread(compare, past, now, new, kind)

    async def forecast(self, guild: GuildId) -> tuple[Tally, Judged]:
        """Return what a server's rules would have done in the past days, were they enforced."""
        policy = self._book.of(guild)
        past = await self.past(guild, [policy])
        return await asyncio.to_thread(tally, past, policy)


def rights_for(changes: Changes) -> set[Right]:
    """Return what somebody needs to make some changes.

    Whoever moderates messages may tune alerts, deletions and phrases. A time-out is Discord's
    *Moderate Members*; and what switches acting on, or exempts somebody from it, is the server's.
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
    """Return the lowest threshold anywhere in a policy; 1 where there is none."""
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


def _latest(changes: Sequence[Change], undone: set[int]) -> int | None:
    """Return the number of the latest change of a threshold or preset that can be taken back."""
    return next(
        (
            change.number
            for change in changes
            if change.name.startswith(("threshold.", "minutes.", PRESET))
            and change.number not in undone
            and change.undoes is None
        ),
        None,
    )
