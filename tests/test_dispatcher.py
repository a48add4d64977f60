"""The order of actions, which ones wait for others, and what is not requested again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.app.settings import Moderation
from bot.domain import (
    Case,
    CaseId,
    ChannelId,
    GuildId,
    Kind,
    Mode,
    Note,
    Outcome,
    Status,
    failed,
)
from bot.enforcement.actuators import DONE, Observing
from bot.enforcement.alert_channel import AlertRemovedError, SentAlert
from bot.enforcement.alerting import Alerting
from bot.enforcement.breaker import PAUSE_SECONDS, REFUSALS, Breaker
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import OpenAlert, OpenAlerts
from bot.policy.book import PolicyBook
from bot.policy.entries import MODE
from bot.retries import TemporaryError
from bot.store.patience import Patience
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer
from tests import making

HERE, DESK = GuildId(2), ChannelId(30)
REFUSED = failed("failed.refused", reason="status 403")
ALL = (Kind.DELETE, Kind.TIMEOUT, Kind.ALERT)


@dataclass(slots=True)
class Discord:
    """Both of enforcement's ports: records calls in order, and fails when a test says so."""

    asked: list[tuple[Kind, list[int]]] = field(default_factory=list)
    outcomes: dict[Kind, Outcome] = field(default_factory=dict)
    alerts_reach: bool = True
    lose_answers: bool = False
    sent: dict[CaseId, SentAlert] = field(default_factory=dict)
    problems: list[Note] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, kind: Kind, cases: Sequence[Case]) -> list[Outcome]:
        self.asked.append((kind, [case.id.subject for case in cases]))
        self.changed.set()
        return [self.outcomes.get(kind, DONE)] * len(cases)

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        return self._note(Kind.DELETE, cases)

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        return self._note(Kind.TIMEOUT, cases)

    def place(self, guild: GuildId) -> ChannelId | Outcome:
        del guild
        return self.outcomes.get(Kind.ALERT, DESK) if Kind.ALERT in self.outcomes else DESK

    async def send(self, alert: OpenAlert) -> Outcome:
        if not self.alerts_reach:
            raise TemporaryError("status 503")
        number = 1_000 + len(self.sent)
        self.sent[alert.lead.id] = SentAlert(number, alert.count)
        if self.lose_answers:
            self.lose_answers = False
            raise TemporaryError("the line broke")
        alert.channel_id, alert.message_id = DESK, number
        self._note(Kind.ALERT, [alert.lead])
        return DONE

    async def update(self, alert: OpenAlert) -> Outcome:
        if alert.lead.id not in self.sent:
            raise AlertRemovedError
        self.sent[alert.lead.id] = SentAlert(alert.message_id, alert.count)
        return DONE

    async def sent_since(self, guild: GuildId, since: datetime) -> dict[CaseId, SentAlert]:
        del guild, since
        return self.sent

    async def report_problem(self, guild: GuildId, note: Note) -> None:
        del guild
        self.problems.append(note)


@dataclass(slots=True)
class Bench:
    discord: Discord
    dispatcher: Dispatcher
    alerting: Alerting
    book: PolicyBook
    store: SqliteStore
    finished: list[Case]

    async def journalled(self, *cases: Case) -> list[Case]:
        await self.store.journal.record([case.decision for case in cases])
        return list(cases)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.discord.asked) < count:
                self.discord.changed.clear()
                await self.discord.changed.wait()

    async def drained(self) -> None:
        async with asyncio.timeout(20):
            await self.dispatcher.drained()


@pytest.fixture
async def bench(
    tmp_path: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (0.01,))
    store = await SqliteStore.open(tmp_path / "db")
    book = PolicyBook(Moderation(mode="enforce").defaults(scorer.presets))
    discord = Discord()
    alerting = Alerting(discord, book, OpenAlerts(), store.journal)
    dispatcher = Dispatcher(
        store.journal,
        book,
        alerting,
        discord,
        enforcing=discord,
        observing=Observing(),
        patience=Patience(),
    )
    finished: list[Case] = []
    dispatcher.finished.add(finished.append)
    yield Bench(discord, dispatcher, alerting, book, store, finished)
    await dispatcher.stop()
    await store.close()


def case(number: int, *kinds: Kind, mode: Mode = Mode.ENFORCE, channel: int = 3) -> Case:
    return Case(making.decision(number, *(kinds or ALL), mode=mode, channel=channel))


async def test_actions_are_carried_out_in_order(bench: Bench) -> None:
    bench.dispatcher.hand_on(await bench.journalled(case(1)))
    await bench.drained()
    assert [kind for kind, _ in bench.discord.asked] == list(ALL)
    (done,) = bench.finished
    assert {kind: outcome.status for kind, outcome in done.outcomes.items()} == dict.fromkeys(
        ALL, Status.DONE
    )
    assert await bench.store.journal.unfinished() == []


async def test_an_alert_that_cannot_be_sent_delays_no_deletion(bench: Bench) -> None:
    bench.discord.alerts_reach = False
    bench.dispatcher.hand_on(await bench.journalled(case(1)))
    await bench.until(2)
    bench.dispatcher.hand_on(await bench.journalled(case(2)))
    await bench.until(4)
    assert [kind for kind, _ in bench.discord.asked].count(Kind.DELETE) == 2
    bench.discord.alerts_reach = True
    await bench.drained()
    assert len(bench.discord.sent) == 1  # both in one alert


@pytest.mark.parametrize(
    ("decided", "now", "acted"),
    [
        (Mode.ENFORCE, Mode.ENFORCE, True),
        (Mode.OBSERVE, Mode.ENFORCE, False),  # what was decided while observing stays observed
        (Mode.ENFORCE, Mode.OBSERVE, False),  # switching to observe applies at once
        (Mode.OBSERVE, Mode.OBSERVE, False),
    ],
)
async def test_it_enforces_only_in_enforce_mode_both_then_and_now(
    bench: Bench, decided: Mode, now: Mode, *, acted: bool
) -> None:
    bench.book.put(HERE, {MODE: now.value})
    bench.dispatcher.hand_on(await bench.journalled(case(1, mode=decided)))
    await bench.drained()
    assert (Kind.DELETE in dict(bench.discord.asked)) is acted
    (done,) = bench.finished
    expected = Status.DONE if acted else Status.OBSERVED
    assert done.outcomes[Kind.DELETE].status is expected
    assert done.outcomes[Kind.ALERT].status is Status.DONE  # moderators are alerted in any case


async def test_deletions_are_combined_within_a_channel_only(
    bench: Bench,
) -> None:
    cases = [case(n, Kind.DELETE, channel=3 + n % 2) for n in range(6)]
    bench.dispatcher.hand_on(await bench.journalled(*cases))
    await bench.drained()
    assert [ids for _, ids in bench.discord.asked] == [[0, 2, 4], [1, 3, 5]]


async def test_time_outs_of_different_people_are_different_requests(bench: Bench) -> None:
    first, second = case(1, Kind.TIMEOUT), case(2, Kind.TIMEOUT)
    other = Case(making.decision(3, Kind.TIMEOUT, author=5))
    bench.dispatcher.hand_on(await bench.journalled(first, other, second))
    await bench.drained()
    assert [ids for _, ids in bench.discord.asked] == [[1, 2], [3]]


async def test_at_most_a_hundred_deletions_are_combined(bench: Bench) -> None:
    cases = [case(n, Kind.DELETE) for n in range(130)]
    bench.dispatcher.hand_on(await bench.journalled(*cases))
    await bench.drained()
    assert [len(ids) for _, ids in bench.discord.asked] == [100, 30]


async def test_an_alert_that_arrived_though_its_answer_was_lost_is_not_sent_again(
    bench: Bench,
) -> None:
    bench.discord.lose_answers = True
    bench.dispatcher.hand_on(await bench.journalled(case(1, Kind.ALERT)))
    await bench.drained()
    assert bench.discord.asked == []  # the second attempt found it
    assert bench.discord.sent == {making.case_id(1): SentAlert(1_000, 1)}
    assert await bench.store.journal.unfinished() == []


async def test_after_a_crash_alerts_in_the_channel_are_not_sent_again(bench: Bench) -> None:
    """One of three cases is the lead of a sent alert, one is counted in it, and one is not yet."""
    lead, counted, late = await bench.journalled(*(case(n, Kind.ALERT) for n in (1, 2, 3)))
    await bench.store.journal.assign([lead, counted], [lead.id, lead.id])
    bench.discord.sent[lead.id] = SentAlert(1_000, 2)
    found = await bench.alerting.mark_sent([lead, counted, late])
    assert [Kind.ALERT in each.outcomes for each in found] == [True, True, False]
    assert [each.id.subject for each in await bench.store.journal.unfinished()] == [3]


async def test_an_alert_with_too_low_a_count_is_updated_after_a_crash(bench: Bench) -> None:
    lead, counted = await bench.journalled(*(case(n, Kind.ALERT) for n in (1, 2)))
    await bench.store.journal.assign([lead, counted], [lead.id, lead.id])
    bench.discord.sent[lead.id] = SentAlert(1_000, 1)
    found = await bench.alerting.mark_sent([lead, counted])
    assert [Kind.ALERT in each.outcomes for each in found] == [True, False]


async def test_a_refusal_in_one_channel_does_not_pause_others(bench: Bench) -> None:
    bench.discord.outcomes[Kind.DELETE] = REFUSED
    for number in range(REFUSALS + 2):
        bench.dispatcher.hand_on(await bench.journalled(case(number, Kind.DELETE)))
        await bench.drained()
    assert len(bench.discord.asked) == REFUSALS
    bench.dispatcher.hand_on(await bench.journalled(case(99, Kind.DELETE, channel=4)))
    await bench.drained()
    assert bench.discord.asked[-1] == (Kind.DELETE, [99])
    bench.dispatcher.forget_problem(HERE)
    bench.dispatcher.hand_on(await bench.journalled(case(100, Kind.DELETE)))
    await bench.drained()
    assert bench.discord.asked[-1] == (Kind.DELETE, [100])


async def test_moderators_are_notified_once_that_alerts_fail(bench: Bench) -> None:
    gone = failed("failed.alert_channel_gone")
    bench.discord.outcomes[Kind.ALERT] = gone
    for number in range(3):
        bench.dispatcher.hand_on(await bench.journalled(case(number, Kind.ALERT)))
        await bench.drained()
    await asyncio.sleep(0)
    assert bench.discord.problems == [gone.note]
    assert bench.dispatcher.problem(HERE) == gone.note
    assert bench.dispatcher.problem(GuildId(77)) is None


@pytest.mark.parametrize(
    ("outcomes", "open_after"),
    [
        ([[REFUSED]] * REFUSALS, True),
        ([[REFUSED]] * (REFUSALS - 1), False),
        ([[REFUSED] * 100], False),  # one request, however many messages
        (
            [[REFUSED]] * (REFUSALS - 1) + [[DONE]] + [[REFUSED]],
            False,
        ),  # a success resets the count
        ([[REFUSED]] * (REFUSALS - 1) + [[failed("failed.no_channel")]] + [[REFUSED]], True),
        ([[failed("failed.no_channel")]] * 20, False),  # Discord was not asked
    ],
)
def test_the_breaker_opens_after_refused_requests_in_a_row(
    outcomes: list[list[Outcome]], *, open_after: bool
) -> None:
    now = 50.0
    breaker = Breaker(lambda: now)
    for each in outcomes:
        breaker.note(each)
    assert breaker.open() is open_after
    now += PAUSE_SECONDS
    assert not breaker.open()


async def test_a_case_with_nothing_due_is_not_touched(bench: Bench) -> None:
    nothing = replace(case(1), decision=making.decision(1))
    bench.dispatcher.hand_on([nothing])
    await bench.drained()
    assert bench.discord.asked == []
