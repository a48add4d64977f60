"""The desk for alerts with a real store, and a Discord that records what it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.desk.alerts import AlertDesk, Target
from bot.desk.people import Asker
from bot.domain import (
    Act,
    Case,
    ChannelId,
    GuildId,
    Note,
    Outcome,
    Post,
    UserId,
)
from bot.enforcement.actuators import DONE
from bot.enforcement.grouping import OpenAlerts
from bot.store.sqlite.store import SqliteStore
from tests import making


@dataclass(slots=True)
class Discord:
    """Both of the desk's ports: refuses the people a test names, and records what was done."""

    refusals: dict[int, Note] = field(default_factory=dict)
    """By channel or member."""
    outcome: Outcome = DONE
    errors: dict[int, BaseException] = field(default_factory=dict)
    """By channel or member, raised instead of an outcome; negative for looking a member up."""
    done: list[tuple[Any, ...]] = field(default_factory=list)

    async def may_delete(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        self.done.append(("may delete", asker.id, guild, channel))
        return self.refusals.get(channel)

    async def target(self, asker: Asker, guild: GuildId, member: UserId) -> Target:
        self.done.append(("may time out", asker.id, guild, member))
        self._fail(-member)
        return Target(member, f"member {member}", self.refusals.get(member))

    async def delete_posts(self, posts: Sequence[Post]) -> Outcome:
        self._fail(posts[0].channel_id)
        self.done.append(("delete", *[post.subject_id for post in posts]))
        return self.outcome

    async def time_out_until(
        self,
        guild_id: GuildId,
        user_id: UserId,
        until: datetime | None,
        reason: str,
        *,
        lifting: datetime | None = None,
    ) -> Outcome:
        self._fail(user_id)
        self.done.append(("time out", guild_id, user_id, until, reason, lifting))
        return self.outcome

    def _fail(self, what: int) -> None:
        if what in self.errors:
            raise self.errors[what]

    def acts(self) -> list[tuple[Any, ...]]:
        return [done for done in self.done if not done[0].startswith("may")]


@dataclass(slots=True)
class DeskBench:
    discord: Discord
    store: SqliteStore
    alerts: OpenAlerts
    desk: AlertDesk

    async def told(self, *cases: Case) -> None:
        """Journal cases as one alert that was sent, with the first case as its lead."""
        await self.store.journal.record([case.decision for case in cases])
        for case in cases:
            for kind, outcome in case.outcomes.items():
                await self.store.journal.finish([case], kind, [outcome])
            await self.store.journal.assign([case], [cases[0].id])

    async def acted(self, number: int = 1) -> list[tuple[Act, int, int]]:
        case = making.case_id(number)
        acts = (await self.store.verdicts.acts([case]))[case]
        return [(act.act, act.by_id, act.minutes) for act in acts]

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[DeskBench]:
        """Yield a desk with a database of its own."""
        store = await SqliteStore.open(folder / "db")
        discord, alerts = Discord(), OpenAlerts()
        desk = AlertDesk(store.journal, store.verdicts, alerts, discord, discord)
        yield cls(discord, store, alerts, desk)
        await store.close()
