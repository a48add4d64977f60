"""Enforcement without Discord: its ports record their calls, everything else is real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.domain import (
    Case,
    CaseId,
    ChannelId,
    GuildId,
    Kind,
    Mode,
    Note,
    Outcome,
)
from bot.enforcement.actuators import DONE, Observing
from bot.enforcement.alert_channel import SentAlert
from bot.enforcement.alerting import Alerting
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import (
    OpenAlert,
    OpenAlerts,
)
from bot.policy.book import PolicyBook
from bot.policy.entries import Defaults
from bot.store.patience import Patience
from bot.store.sqlite.store import SqliteStore

DESK = ChannelId(30)


@dataclass(slots=True)
class Desk:
    """The alert channel and the actuator: records calls, and returns what a test sets."""

    place_is: ChannelId | Outcome = DESK
    answers: dict[str, list[Exception | None]] = field(default_factory=dict)
    outcomes: dict[Kind, Outcome] = field(default_factory=dict)
    asked: list[tuple[str, list[int]]] = field(default_factory=list)
    sent: dict[CaseId, SentAlert] = field(default_factory=dict)
    looked_since: list[datetime] = field(default_factory=list)
    problems: list[Note] = field(default_factory=list)

    def _ask(self, what: str, subjects: Sequence[int]) -> None:
        self.asked.append((what, list(subjects)))
        if self.answers.get(what):
            answer = self.answers[what].pop(0)
            if answer is not None:
                raise answer

    def place(self, guild: GuildId) -> ChannelId | Outcome:
        del guild
        return self.place_is

    async def send(self, alert: OpenAlert) -> Outcome:
        self._ask("send", [alert.lead.id.subject])
        alert.channel_id, alert.message_id = DESK, 1_000 + alert.lead.id.subject
        self.sent[alert.lead.id] = SentAlert(alert.message_id, alert.count)
        return DONE

    async def update(self, alert: OpenAlert) -> Outcome:
        self._ask("update", [alert.lead.id.subject, alert.count])
        return DONE

    async def sent_since(self, guild: GuildId, since: datetime) -> dict[CaseId, SentAlert]:
        del guild
        self.looked_since.append(since)
        return self.sent

    async def report_problem(self, guild: GuildId, note: Note) -> None:
        self._ask("report_problem", [guild])
        self.problems.append(note)

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        self._ask("delete", [each.id.subject for each in cases])
        return [self.outcomes.get(Kind.DELETE, DONE)] * len(cases)

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        self._ask("time_out", [each.id.subject for each in cases])
        return [self.outcomes.get(Kind.TIMEOUT, DONE)] * len(cases)


@dataclass(slots=True)
class Bench:
    desk: Desk
    store: SqliteStore
    book: PolicyBook
    alerts: OpenAlerts
    alerting: Alerting
    dispatcher: Dispatcher
    finished: list[Case]

    async def journalled(self, *cases: Case) -> list[Case]:
        await self.store.journal.record([each.decision for each in cases])
        return list(cases)

    async def done(self, *cases: Case) -> None:
        self.dispatcher.hand_on(await self.journalled(*cases))
        async with asyncio.timeout(20):
            await self.dispatcher.drained()
        await asyncio.sleep(0)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Bench]:
        """Yield a bench in enforce mode with its own database."""
        store = await SqliteStore.open(path)
        book = PolicyBook(Defaults({"balanced": {}}, mode=Mode.ENFORCE))
        desk, alerts = Desk(), OpenAlerts()
        alerting = Alerting(desk, book, alerts, store.journal)
        dispatcher = Dispatcher(
            store.journal,
            book,
            alerting,
            desk,
            enforcing=desk,
            observing=Observing(),
            patience=Patience(),
        )
        finished: list[Case] = []
        dispatcher.finished.add(finished.append)
        yield cls(desk, store, book, alerts, alerting, dispatcher, finished)
        await dispatcher.stop()
        await store.close()
