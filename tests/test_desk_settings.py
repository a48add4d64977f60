"""What the settings desk states: who may change what, previews, and what an undo takes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.desk.people import Asker, RefusalError, Right
from bot.desk.settings import DAYS, LEAST_COUNTED, SettingsDesk, lowest
from bot.domain import ChannelId, Decision, GuildId, Judgement, Kind, UserId, Verdict
from bot.policy.book import PolicyBook
from bot.policy.entries import Changes, Defaults, Value
from bot.policy.rules import SERVER, Key, Policy, Scopes
from bot.policy.thresholds import SettingError, Thresholds
from bot.store.sqlite.store import SqliteStore
from model.classes import CLASSES
from tests import making

HERE, THERE = GuildId(2), GuildId(3)
ALERT, DELETE = "threshold.0.hate.alert", "threshold.0.hate.delete"
DEFAULTS = Defaults({"balanced": {"hate": Thresholds(0.5, 0.8)}})
NOW = datetime.now(UTC)


def nothing_above(scope: ChannelId) -> Scopes:
    return (scope,)


@dataclass(slots=True)
class Bench:
    store: SqliteStore
    book: PolicyBook
    desk: SettingsDesk

    async def change(self, changes: Changes, expecting: Changes | None = None) -> int | None:
        return await self.desk.change(
            HERE, making.ALL_RIGHTS, changes, nothing_above, expecting=expecting
        )

    async def undo(self, number: int | None = None) -> int | None:
        undone = await self.desk.undo(HERE, making.ALL_RIGHTS, number, nothing_above)
        return None if undone is None else undone.number

    async def entries(self) -> dict[str, Value]:
        stored = dict((await self.store.settings.entries()).get(HERE, {}))
        assert stored == self.book.entries(HERE)
        return stored

    async def wrote(self, number: int, score: float, days: float, *, channel: int = 3) -> Decision:
        at = NOW - timedelta(days=days)
        made = making.decision(number, at=at, channel=channel)
        made = replace(made, scores=making.SCORES | {"hate": score})
        await self.store.journal.record([made])
        return made


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = await SqliteStore.open(tmp_path / "db")
    book = PolicyBook(DEFAULTS)
    yield Bench(store, book, SettingsDesk(store.settings, store.journal, book))
    await store.close()


async def test_a_change_is_kept_and_decides_from_now_on(bench: Bench) -> None:
    assert await bench.change({ALERT: 0.3}) == 1
    assert await bench.entries() == {ALERT: 0.3}
    assert bench.book.of(HERE).table()["hate", Kind.ALERT].threshold == 0.3
    (change,) = await bench.store.settings.changes(HERE)
    assert (change.before, change.after, change.changed_by) == (None, 0.3, 9)
    assert bench.book.entries(THERE) == {}
    assert await bench.change({DELETE: 0.9}) == 2


async def test_what_is_so_already_is_no_change(bench: Bench) -> None:
    await bench.change({ALERT: 0.3})
    assert await bench.change({ALERT: 0.3}) is None
    assert await bench.change({DELETE: None}) is None
    assert len(await bench.store.settings.changes(HERE)) == 1


async def test_what_is_refused_changes_nothing(bench: Bench) -> None:
    helper = Asker(UserId(8), frozenset({Right.MANAGE_MESSAGES}))
    with pytest.raises(RefusalError):
        await bench.desk.change(HERE, helper, {"mode": "enforce"}, nothing_above)
    with pytest.raises(SettingError, match=r"error\.below_alert"):
        await bench.change({DELETE: 0.2})
    with pytest.raises(SettingError, match=r"error\.changed_since"):
        await bench.change({ALERT: 0.3}, expecting={DELETE: 0.7})
    assert await bench.entries() == {}
    assert await bench.change({ALERT: 0.3}, expecting={DELETE: None}) == 1


async def test_two_changes_at_once_see_each_other(bench: Bench) -> None:
    first, second = await asyncio.gather(
        bench.change({ALERT: 0.7}), bench.change({DELETE: 0.6}), return_exceptions=True
    )
    assert first == 1
    assert isinstance(second, SettingError)
    assert await bench.entries() == {ALERT: 0.7}


# ------------------------------------------------------------------ undo


async def test_an_undo_takes_back_the_latest_change_of_any_setting_and_then_the_one_before(
    bench: Bench,
) -> None:
    assert await bench.undo() is None
    await bench.change({ALERT: 0.3})
    await bench.change({"preset": "balanced"})
    await bench.change({"exempt.member.7": True, "allow.damn": True})
    await bench.change({"mode": "enforce", "alerts.language": "de"})
    assert await bench.undo() == 4
    assert await bench.undo() == 3
    assert await bench.entries() == {ALERT: 0.3, "preset": "balanced"}
    assert await bench.undo() == 2
    assert await bench.undo() == 1
    assert await bench.entries() == {}
    assert await bench.undo() is None
    assert await bench.store.settings.undone(HERE) == {1, 2, 3, 4}


async def test_without_a_number_only_the_askers_own_change_is_taken_back(bench: Bench) -> None:
    await bench.change({ALERT: 0.3})
    other = Asker(UserId(8), frozenset(Right))
    assert await bench.desk.undo(HERE, other, None, nothing_above) is None
    await bench.desk.change(HERE, other, {DELETE: 0.9}, nothing_above)
    assert await bench.undo() == 1
    assert await bench.entries() == {DELETE: 0.9}
    undone = await bench.desk.undo(HERE, making.ALL_RIGHTS, 2, nothing_above)
    assert undone is not None
    assert (undone.number, undone.by, undone.undoes) == (2, 8, None)


async def test_what_can_be_undone_is_still_as_the_change_left_it(bench: Bench) -> None:
    async def offered() -> list[int]:
        return [step.number for step in await bench.desk.undoable(HERE)]

    assert await offered() == []
    await bench.change({ALERT: 0.3})
    await bench.change({DELETE: 0.9})
    await bench.change({ALERT: 0.4})
    assert await offered() == [3, 2]
    await bench.undo(3)
    # Undone once is enough; undoing the undo would redo it.
    assert await offered() == [4, 2, 1]
    assert await bench.undo(4) == 4
    assert await bench.entries() == {ALERT: 0.4, DELETE: 0.9}


async def test_a_change_of_several_entries_is_taken_back_whole(bench: Bench) -> None:
    await bench.change({ALERT: 0.3})
    await bench.change({ALERT: 0.4, DELETE: 0.9, "mode": "enforce"})
    undone = await bench.desk.undo(HERE, making.ALL_RIGHTS, 2, nothing_above)
    assert undone is not None
    assert {each.name for each in undone.changes} == {ALERT, DELETE, "mode"}
    assert await bench.entries() == {ALERT: 0.3}


async def test_what_was_taken_back_or_changed_since_is_not_taken_back(bench: Bench) -> None:
    await bench.change({ALERT: 0.3})
    await bench.change({ALERT: 0.4})
    with pytest.raises(SettingError, match=r"undo\.stale"):
        await bench.undo(1)
    assert await bench.undo(2) == 2
    with pytest.raises(SettingError, match=r"undo\.stale"):
        await bench.undo(2)
    assert await bench.undo(1) == 1
    assert await bench.undo(99) is None


async def test_whoever_may_not_change_it_may_not_take_it_back(bench: Bench) -> None:
    await bench.change({"mode": "enforce"})
    helper = Asker(UserId(8), frozenset({Right.MANAGE_MESSAGES}))
    with pytest.raises(RefusalError):
        await bench.desk.undo(HERE, helper, 1, nothing_above)
    assert await bench.entries() == {"mode": "enforce"}


# ------------------------------------------------------------------ previews

Overrides = dict[ChannelId, dict[Key, float | None]]


@pytest.mark.parametrize(
    ("overrides", "least"),
    [
        ({}, 0.5),
        ({SERVER: {("hate", Kind.DELETE): 0.2}}, 0.2),
        ({ChannelId(5): {("hate", Kind.DELETE): 0.3}}, 0.3),
        ({ChannelId(5): {("hate", Kind.ALERT): None}}, 0.5),
        ({SERVER: {("hate", Kind.ALERT): None, ("hate", Kind.DELETE): None}}, 1.0),
    ],
)
def test_below_the_lowest_threshold_anywhere_nothing_can_be_due(
    overrides: Overrides, least: float
) -> None:
    assert lowest(Policy(DEFAULTS.presets["balanced"], overrides=overrides)) == least


async def test_a_preview_looks_back_so_many_days_at_what_could_be_due(bench: Bench) -> None:
    for number, (score, days) in enumerate([(0.9, 1), (0.9, 6.9), (0.9, 7.1), (0.4, 1)], 1):
        await bench.wrote(number, score, days)
    await bench.wrote(5, 0.9, 1, channel=8)
    policy = DEFAULTS.policy()
    lower = DEFAULTS.policy({ALERT: 0.4})

    async def seen(*policies: Policy, days: int = DAYS, scope: int = 0) -> list[int]:
        past = await bench.desk.past(HERE, policies, days=days, scope=ChannelId(scope))
        return sorted(item.decision.post.subject_id for item in past)

    assert DAYS == 7
    assert await seen(policy) == [1, 2, 5]
    assert await seen(policy, lower) == [1, 2, 4, 5]
    assert await seen(policy, days=8) == [1, 2, 3, 5]
    assert await seen(policy, scope=8) == [5]
    assert await seen() == []


async def test_what_was_seen_is_what_scored_enough_to_count(bench: Bench) -> None:
    for number, score in enumerate([LEAST_COUNTED, LEAST_COUNTED - 0.01], 1):
        made = making.decision(number, at=NOW - timedelta(days=1))
        await bench.store.journal.record([replace(made, scores=dict.fromkeys(CLASSES, score))])
    await bench.wrote(3, 0.9, 8)
    await bench.wrote(4, 0.9, 1, channel=8)

    async def seen(days: int = DAYS, scope: int = 0) -> list[int]:
        past = await bench.desk.seen(HERE, days=days, scope=ChannelId(scope))
        return sorted(item.decision.post.subject_id for item in past)

    assert await seen() == [1, 4]
    assert await seen(days=9) == [1, 3, 4]
    assert await seen(scope=8) == [4]


async def test_a_comparison_and_a_forecast_decide_anew(bench: Bench) -> None:
    await bench.wrote(1, 0.85, 1)
    wrong = await bench.wrote(2, 0.6, 1, channel=8)
    await bench.wrote(3, 0.6, 10)
    verdict = Verdict(wrong, "hate", Judgement.FALSE_POSITIVE, UserId(9), NOW)
    await bench.store.verdicts.judge([verdict])
    now, new = DEFAULTS.policy(), DEFAULTS.policy({DELETE: 0.55})
    found = await bench.desk.compared(HERE, now, new, Kind.DELETE)
    assert (found.now.total(Kind.DELETE), found.new.total(Kind.DELETE)) == (1, 2)
    assert (found.only_new.wrong, found.only_new.total, found.only_now.total) == (1, 1, 0)
    found = await bench.desk.compared(HERE, now, new, Kind.DELETE, days=11)
    assert found.new.total(Kind.DELETE) == 3
    found = await bench.desk.compared(HERE, now, new, Kind.DELETE, scope=ChannelId(8))
    assert found.new.total(Kind.DELETE) == 1
    counted, judged = await bench.desk.forecast(HERE)
    assert (counted.total(Kind.ALERT), counted.total(Kind.DELETE)) == (2, 1)
    assert (judged.unjudged, judged.total) == (1, 1)
