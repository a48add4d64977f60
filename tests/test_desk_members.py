"""Opinions, missed messages, reports, and erasing one's data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app.settings import Moderation
from bot.desk.judging import JudgingDesk
from bot.desk.people import Asker, RefusalError
from bot.desk.privacy import KEPT_DAYS, Forgotten, PrivacyDesk
from bot.desk.reports import MOST_REMEMBERED, Limit, Reports
from bot.domain import Case, GuildId, Judgement, Kind, Note, Outcome, Revision, Status, UserId
from bot.judging.judge import Judge
from bot.judging.pipeline import Pipeline
from bot.policy.book import PolicyBook
from bot.policy.entries import EXEMPT_MODERATORS, exempt_entry
from bot.store.patience import Patience
from bot.store.ports import Kept
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer
from tests import making

HERE = GuildId(2)
NOW = datetime.now(UTC)
HATEFUL = "i hate you, you stupid worthless idiot"
MEMBER = Asker(UserId(4))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


# ------------------------------------------------------------------ opinions


@dataclass(slots=True)
class Bench:
    store: SqliteStore
    book: PolicyBook
    desk: JudgingDesk
    handed: list[Case]


@pytest.fixture
async def bench(store: SqliteStore, scorer: Scorer) -> AsyncIterator[Bench]:
    book = PolicyBook(Moderation(mode="enforce").defaults(scorer.presets))
    judge = Judge(scorer, book)
    handed: list[Case] = []
    pipeline = Pipeline(
        judge,
        store.journal,
        handed.extend,
        patience=Patience(),
        caught_up=lambda post: post.guild_id == HERE,
        batch_size=16,
        queue_size=16,
    )
    running = asyncio.create_task(pipeline.run())
    yield Bench(
        store, book, JudgingDesk(judge, pipeline, book, store.journal, store.verdicts), handed
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_opinion_on_a_text_stores_nothing(bench: Bench) -> None:
    opinion = await bench.desk.opinion(making.post(text=HATEFUL))
    assert opinion.decision.reasons
    assert not opinion.exempt
    assert opinion.explanation.scored == HATEFUL
    assert await bench.store.journal.told_by_alert(making.case_id(1)) == []


@pytest.mark.parametrize(
    "entries",
    [
        {exempt_entry("member", 4): True},
        {exempt_entry("channel", 3): True},
        {exempt_entry("role", 7): True},
        {EXEMPT_MODERATORS: True},
    ],
)
async def test_an_opinion_is_as_if_its_author_were_not_exempt(
    bench: Bench, entries: dict[str, Any]
) -> None:
    bench.book.put(HERE, entries)
    post = making.post(text=HATEFUL, role_ids=(7,), moderator=EXEMPT_MODERATORS in entries)
    opinion = await bench.desk.opinion(post)
    assert opinion.exempt
    assert opinion.decision.reasons
    assert not opinion.decision.exempt


@pytest.mark.parametrize(("minutes", "acts"), [(50, True), (61, False)])
async def test_a_recent_message_is_acted_on_and_an_old_one_is_not(
    bench: Bench, minutes: int, *, acts: bool
) -> None:
    post = making.post(text=HATEFUL, at=NOW - timedelta(minutes=minutes))
    opinion = await bench.desk.message_opinion(post)
    assert opinion.decision.reasons
    (case,) = await bench.store.journal.told_by_alert(post.id)
    assert bool(case.decision.reasons) is acts
    assert bool(bench.handed) is acts


async def test_a_message_that_cannot_be_judged_is_refused(bench: Bench) -> None:
    unfit = making.post(2**70)  # no id of Discord's
    with pytest.raises(RefusalError, match=r"refused\.not_judged"):
        await bench.desk.journalled(unfit)


async def test_a_missed_message_is_a_verdict_on_its_highest_class(bench: Bench) -> None:
    with pytest.raises(RefusalError, match=r"refused\.no_record"):
        await bench.desk.missed(making.case_id(404), MEMBER)
    made = replace(making.decision(), scores=making.SCORES | {"insult": 0.4})
    await bench.store.journal.record([made])
    await bench.desk.missed(made.post.id, MEMBER)
    (verdict,) = await bench.store.verdicts.verdicts(HERE, "m")
    assert (verdict.judgement, verdict.harm, verdict.given_by) == (Judgement.MISSED, "insult", 4)


# ------------------------------------------------------------------ reports


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1_000.0]
    monkeypatch.setattr("bot.desk.reports.time.monotonic", lambda: clock[0])
    return clock


def test_a_member_has_a_limited_number_of_uses_in_a_time_window(now: list[float]) -> None:
    limit = Limit(2, 60)
    allowed = []
    for seconds in (0, 30, 59.9, 60, 89, 90):
        now[0] = 1_000 + seconds
        allowed.append(limit.allows(HERE, UserId(4)))
    assert allowed == [True, True, False, True, False, True]
    assert limit.allows(HERE, UserId(5))
    assert limit.allows(GuildId(3), UserId(4))


def test_the_limits_are_those_of_the_commands(now: list[float]) -> None:
    reports = Reports()
    assert [reports.allowed(HERE, UserId(4)) for _ in range(4)] == [True, True, True, False]
    now[0] += 599
    assert not reports.allowed(HERE, UserId(4))
    now[0] += 1
    assert reports.allowed(HERE, UserId(4))


def test_the_latest_members_and_reports_are_remembered() -> None:
    limit = Limit(1, 600)
    for member in range(MOST_REMEMBERED):
        assert limit.allows(HERE, UserId(member))
    assert not limit.allows(HERE, UserId(0))  # seen again: 1 is the oldest now
    assert limit.allows(HERE, UserId(MOST_REMEMBERED))
    assert not limit.allows(HERE, UserId(0))
    assert limit.allows(HERE, UserId(1))
    reports = Reports()
    for number in range(MOST_REMEMBERED + 1):
        assert reports.first(making.post(number))
    assert not reports.first(making.post(1))
    assert reports.first(making.post(0))
    assert MOST_REMEMBERED == 5_000


def test_only_the_first_report_counts_unless_its_delivery_failed() -> None:
    reports, post = Reports(), making.post()
    assert [reports.first(post), reports.first(post)] == [True, False]
    assert reports.first(replace(post, id=post.id._replace(revision=Revision("e1"))))
    reports.forget(post)
    reports.forget(post)
    assert reports.first(post)


# ------------------------------------------------------------------ being forgotten


async def test_asking_too_often_is_refused(store: SqliteStore, now: list[float]) -> None:
    desk = PrivacyDesk(store.housekeeping, 30)
    assert desk.retention_days == 30
    for _ in range(2):
        assert await desk.show(HERE, MEMBER) == Kept(0, 0, 0, None)
    await desk.forget(HERE, MEMBER)
    for ask in (desk.show, desk.forget):
        with pytest.raises(RefusalError) as refused:
            await ask(HERE, MEMBER)
        assert refused.value.note == Note("privacy.too_many", {"most": 3, "minutes": 10})
    now[0] += 600
    await desk.show(HERE, MEMBER)


async def test_recently_alerted_messages_are_erased_later(store: SqliteStore) -> None:
    desk = PrivacyDesk(store.housekeeping, 30)
    alerted = making.decision(1, Kind.ALERT)
    await store.journal.record([alerted, making.decision(2), making.decision(3, author=5)])
    await store.journal.finish([Case(alerted)], Kind.ALERT, [Outcome(Status.DONE)])
    assert await desk.forget(HERE, MEMBER) == Forgotten(erased=1, kept=1)
    assert await store.journal.told_by_alert(alerted.post.id)
    assert await store.housekeeping.erase_due(datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert await store.journal.told_by_alert(alerted.post.id) == []
    assert await store.journal.told_by_alert(making.case_id(3))
    assert KEPT_DAYS == 7


class Asked:
    """Housekeeping that records from when on a person's alerts are kept."""

    def __init__(self) -> None:
        self.decided_before: list[datetime] = []
        self.later: list[datetime] = []

    async def erase_later(self, author: UserId, guild: GuildId, requested_at: datetime) -> None:
        del author, guild
        self.later.append(requested_at)

    async def forget_author(
        self, author: UserId, guild: GuildId, *, decided_before: datetime
    ) -> int:
        del author, guild
        self.decided_before.append(decided_before)
        return 5

    async def kept_about(self, author: UserId, guild: GuildId) -> Kept:
        del author, guild
        return Kept(2, 9, 9, None)


async def test_the_last_seven_days_of_alerts_are_kept() -> None:
    housekeeping: Any = Asked()
    assert await PrivacyDesk(housekeeping, 30).forget(HERE, MEMBER) == Forgotten(5, 2)
    (requested_at,), (before,) = housekeeping.later, housekeeping.decided_before
    assert requested_at - before == timedelta(days=7)
    assert abs(requested_at - datetime.now(UTC)) < timedelta(minutes=5)
