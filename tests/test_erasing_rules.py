"""What must not be kept: what is erased when, what stays, and that erased means overwritten."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import (
    Act,
    Case,
    ChannelId,
    GuildId,
    Judgement,
    Kind,
    Outcome,
    Status,
    SubjectId,
    UserId,
    Verdict,
)
from bot.store.ports import Kept, Mark
from bot.store.sqlite.store import SqliteStore
from tests import making

HERE, THERE, MEMBER = GuildId(2), GuildId(3), UserId(4)
START = making.START


def day(number: float) -> datetime:
    return START + timedelta(days=number)


class Clock:
    """What time the store takes it to be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        for module in ("journal", "housekeeping", "verdicts", "settings"):
            monkeypatch.setattr(f"bot.store.sqlite.{module}.now", self.milliseconds)

    def milliseconds(self) -> int:
        return int(self.now.timestamp() * 1_000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


async def wrote(
    store: SqliteStore,
    number: int,
    *kinds: Kind,
    at: datetime = START,
    guild: int = 2,
    author: int = 4,
    pending: bool = False,
) -> None:
    """Journal a message with everything that can be kept about it."""
    made = making.decision(number, *kinds, at=at, guild=guild, author=author)
    await store.journal.record([made])
    if not pending:
        for kind in kinds:
            await store.journal.finish([Case(made)], kind, [Outcome(Status.DONE)])
    await store.verdicts.judge([Verdict(made, "hate", Judgement.RIGHT, UserId(9), at)])
    await store.verdicts.acted([made.post.id], Act.DELETE, UserId(9))


async def left(store: SqliteStore, *guilds: int) -> list[int]:
    """Which messages are still there."""
    found = []
    for guild in guilds or (2,):
        past = await store.journal.past(GuildId(guild), day(-999), 0.0, ChannelId(0))
        found += [each.decision.post.subject_id for each in past]
    return sorted(found)


# ------------------------------------------------------------------ after its time


@pytest.mark.parametrize(
    ("written", "decided", "stays"),
    [
        (-1, -1, False),
        (-1, 0, True),  # at that time is not before it
        (0, -1, True),
        (-50, 1, True),  # an old message that was edited: decided lately
        (1, -50, True),
    ],
)
async def test_what_was_written_and_decided_before_a_time_is_erased(
    store: SqliteStore, clock: Clock, written: float, decided: float, *, stays: bool
) -> None:
    clock.now = day(decided)
    await wrote(store, 1, Kind.ALERT, at=day(written))
    assert await store.housekeeping.expire(START) == (0 if stays else 1)
    assert await left(store) == ([1] if stays else [])
    case = making.case_id(1)
    assert bool(await store.verdicts.judgements([case])) is stays
    assert bool((await store.verdicts.acts([case]))[case]) is stays
    assert bool(await store.journal.told_by_alert(case)) is stays


@pytest.mark.parametrize("finished", [[], [Kind.ALERT], [Kind.DELETE], [Kind.ALERT, Kind.DELETE]])
async def test_an_action_to_come_keeps_its_case(store: SqliteStore, finished: list[Kind]) -> None:
    made = making.decision(1, Kind.ALERT, Kind.DELETE)
    await store.journal.record([made])
    for kind in finished:
        await store.journal.finish([Case(made)], kind, [Outcome(Status.FAILED)])
    erased = int(len(finished) == 2)
    later = day(10_000)
    assert await store.housekeeping.forget_author(MEMBER) == erased
    assert await store.housekeeping.expire(later) == 0
    assert await left(store) == ([] if erased else [1])


@pytest.mark.parametrize("count", [3, 4, 5])
async def test_however_many_there_are_all_are_erased(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("bot.store.sqlite.housekeeping.CHUNK", 2)
    for number in range(count):
        await wrote(store, number)
        await wrote(store, 100 + number, author=5)
    assert await store.housekeeping.forget_author(MEMBER) == count
    assert await left(store) == [100 + number for number in range(count)]


async def test_erased_means_overwritten_in_every_file(tmp_path: Path) -> None:
    author, message = 0x7A6B5C4D3E2F1A0B, 0x71625344352617E8
    traces = [struct.pack(">q", author), struct.pack(">q", message)]

    def found() -> list[bool]:
        files = [file.read_bytes() for file in tmp_path.iterdir()]
        return [any(trace in content for content in files) for trace in traces]

    store = await SqliteStore.open(tmp_path / "db")
    for number in range(50):
        await wrote(store, number, author=5)
    await wrote(store, message, Kind.ALERT, author=author)
    assert found() == [True, True]
    assert await store.housekeeping.forget_author(UserId(author)) == 1
    assert found() == [False, False]
    await wrote(store, message, Kind.ALERT, author=author, guild=3)
    await store.housekeeping.forget_server(THERE)
    assert found() == [False, False]
    await store.close()
    assert found() == [False, False]


# ------------------------------------------------------------------ when a person asks


async def test_a_person_is_forgotten_here_and_stays_elsewhere(store: SqliteStore) -> None:
    await wrote(store, 1)
    await wrote(store, 2, author=5)
    await wrote(store, 3, guild=3)
    assert await store.housekeeping.forget_author(MEMBER, HERE) == 1
    assert await left(store, 2, 3) == [2, 3]
    assert await store.housekeeping.forget_author(MEMBER) == 1
    assert await left(store, 2, 3) == [2]


@pytest.mark.parametrize(
    ("kinds", "decided", "stays"),
    [
        ([Kind.ALERT], 0, True),  # alerted at that time or after it
        ([Kind.ALERT], -1, False),
        ([], 0, False),  # nobody was alerted to it
    ],
)
async def test_what_was_alerted_lately_stays_when_its_author_asks(
    store: SqliteStore, clock: Clock, kinds: list[Kind], decided: float, *, stays: bool
) -> None:
    clock.now = day(decided)
    await wrote(store, 1, *kinds)
    await store.housekeeping.forget_author(MEMBER, HERE, decided_before=START)
    assert await left(store) == ([1] if stays else [])


async def test_a_request_is_carried_out_when_it_is_due(store: SqliteStore, clock: Clock) -> None:
    await wrote(store, 1, Kind.ALERT)
    clock.now = day(2)
    await wrote(store, 2, Kind.ALERT)
    await wrote(store, 3, Kind.ALERT, author=5)
    await wrote(store, 4, Kind.ALERT, guild=3)
    await store.housekeeping.erase_later(MEMBER, HERE, day(0.5))
    await store.housekeeping.erase_later(MEMBER, HERE, day(1))  # the latest time counts
    assert await store.housekeeping.erase_due(day(1)) == 0
    assert await store.housekeeping.erase_due(day(1.1)) == 1
    assert await left(store, 2, 3) == [2, 3, 4]  # decided after the request
    clock.now = START
    await wrote(store, 5, Kind.ALERT)
    assert await store.housekeeping.erase_due(day(9)) == 0  # once
    assert await left(store) == [2, 3, 5]


async def test_what_is_kept_about_a_person_is_counted_once(store: SqliteStore) -> None:
    assert await store.housekeeping.kept_about(MEMBER, HERE) == Kept(0, 0, 0, None)
    await wrote(store, 1, Kind.ALERT, Kind.DELETE, at=day(2))
    await wrote(store, 2, at=day(1))
    await wrote(store, 3, Kind.ALERT, author=5)
    await wrote(store, 4, Kind.ALERT, guild=3)
    assert await store.housekeeping.kept_about(MEMBER, HERE) == Kept(2, 2, 2, day(1))


# ------------------------------------------------------------------ a server that was left


async def test_all_of_a_server_is_erased_and_nothing_of_another(store: SqliteStore) -> None:
    for guild in (HERE, THERE):
        await wrote(store, guild, Kind.ALERT, guild=guild, pending=True)
        await store.settings.change(guild, {"mode": "enforce"}, UserId(9))
        await store.watermarks.raise_to([Mark(guild, ChannelId(3), SubjectId(7))])
        await store.housekeeping.left(guild)
        await store.housekeeping.erase_later(MEMBER, guild, day(9_999))
    assert await store.housekeeping.forget_server(HERE) == 1
    assert await left(store, 2, 3) == [3]
    assert await store.settings.entries() == {THERE: {"mode": "enforce"}}
    assert await store.settings.changes(HERE) == []
    assert len(await store.settings.changes(THERE)) == 1
    assert await store.watermarks.all() == {THERE: {3: 7}}
    assert await store.housekeeping.departed(day(10_000)) == [THERE]
    await wrote(store, 8, at=day(1), guild=HERE)
    assert await store.housekeeping.erase_due(day(10_000)) == 0


async def test_a_server_counts_as_left_from_the_first_time_until_it_is_back(
    store: SqliteStore, clock: Clock
) -> None:
    await store.housekeeping.left(HERE)
    clock.now = day(5)
    await store.housekeeping.left(HERE)
    await store.housekeeping.left(THERE)
    assert await store.housekeeping.departed(START) == []
    assert await store.housekeeping.departed(day(1)) == [HERE]
    assert sorted(await store.housekeeping.departed(day(6))) == [HERE, THERE]
    await store.housekeeping.returned([HERE])
    assert await store.housekeeping.departed(day(6)) == [THERE]


# ------------------------------------------------------------------ settings


async def test_every_change_is_numbered_by_server_and_comes_back_latest_first(
    store: SqliteStore, clock: Clock
) -> None:
    settings = store.settings
    assert await settings.change(HERE, {"mode": "enforce", "a": 1}, UserId(9)) == 1
    assert await settings.change(THERE, {"mode": "enforce"}, UserId(9)) == 1
    clock.now = day(1)
    assert await settings.change(HERE, {"mode": None, "a": 1}, UserId(8), undoes=1) == 2
    assert await settings.entries() == {HERE: {"a": 1}, THERE: {"mode": "enforce"}}
    latest, *rest = await settings.changes(HERE)
    assert (latest.number, latest.name, latest.before, latest.after) == (2, "mode", "enforce", None)
    assert (latest.changed_by, latest.changed_at, latest.undoes) == (8, day(1), 1)
    assert [(each.number, each.name, each.before, each.after) for each in rest] == [
        (1, "a", None, 1),
        (1, "mode", None, "enforce"),
    ]
    assert len(await settings.changes(HERE, most=2)) == 2
    assert [each.number for each in await settings.changes(HERE, number=1)] == [1, 1]
    assert (await settings.undone(HERE), await settings.undone(THERE)) == ({1}, set())
