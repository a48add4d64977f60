"""What time it is: Discord's word counts, and nothing is erased by a clock that is wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import housekeeping
from bot.app.housekeeping import keep_house
from bot.app.settings import Moderation, Storage
from bot.clock import TOLERANCE, Clock
from bot.domain import Kind
from bot.domain.snowflakes import EPOCH, snowflake_at, time_at
from bot.enforcement.actuators import DONE
from bot.policy.book import PolicyBook
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer
from tests import making

A_LITTLE = timedelta(seconds=5)


def off_by(ahead: timedelta) -> Clock:
    """A clock that Discord has told the time."""
    clock = Clock()
    clock.told(datetime.now(UTC) + ahead)
    return clock


@pytest.mark.parametrize(
    ("ahead", "agrees"),
    [
        (timedelta(), True),
        (TOLERANCE - A_LITTLE, True),
        (TOLERANCE + A_LITTLE, False),
        (-TOLERANCE - A_LITTLE, False),
        (timedelta(days=-100), False),
    ],
)
def test_a_clock_that_is_far_off_does_not_agree(ahead: timedelta, *, agrees: bool) -> None:
    clock = off_by(ahead)
    assert clock.agrees() is agrees
    assert abs(clock.now() - datetime.now(UTC) - ahead) < A_LITTLE


def test_before_discord_said_anything_the_clock_does_not_agree() -> None:
    clock = Clock()
    assert not clock.agrees()
    assert abs(clock.now() - datetime.now(UTC)) < A_LITTLE


def test_an_id_says_only_that_it_is_at_least_so_late() -> None:
    clock = off_by(timedelta())
    clock.seen(datetime.now(UTC) - timedelta(days=3))  # an old message, told of again
    assert abs(clock.now() - datetime.now(UTC)) < A_LITTLE
    clock.seen(datetime.now(UTC) + timedelta(days=3))
    assert clock.now() - datetime.now(UTC) > timedelta(days=2)


@pytest.mark.parametrize(
    ("ahead", "left"),
    [(None, 1), (timedelta(days=100), 1), (timedelta(days=-100), 1), (timedelta(), 0)],
)
async def test_nothing_is_erased_by_a_clock_that_is_wrong(
    tmp_path: Path,
    scorer: Scorer,
    monkeypatch: pytest.MonkeyPatch,
    ahead: timedelta | None,
    left: int,
) -> None:
    """A record of 91 days, or one of now for a clock that runs a hundred days ahead."""
    monkeypatch.setattr(housekeeping, "FIRST_CHECK", 0.01)
    store = await SqliteStore.open(tmp_path / "db")
    book = PolicyBook(Moderation().defaults(scorer.presets))
    old = making.decision(1, Kind.ALERT, at=datetime.now(UTC) - timedelta(days=91))
    await store.journal.record([old])
    (case,) = await store.journal.unfinished()
    await store.journal.finish([case], Kind.ALERT, [DONE])
    if ahead is None or not ahead:  # decided as long ago as written
        monkeypatch.setattr("bot.store.sqlite.journal.now", lambda: 0)
        await store.housekeeping.forget_author(old.post.author_id)
        await store.journal.record([old])
        (case,) = await store.journal.unfinished()
        await store.journal.finish([case], Kind.ALERT, [DONE])
    clock = Clock() if ahead is None else off_by(ahead)
    keeping = asyncio.create_task(keep_house(store, book, clock, Storage()))
    await asyncio.sleep(0.3)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert len((await store.journal.taken([old.post])).known) == left
    await store.close()


def test_ids_are_times() -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert time_at(snowflake_at(at)) == at
    assert snowflake_at(EPOCH - timedelta(days=1)) == 0
    assert snowflake_at(at) < snowflake_at(at + timedelta(milliseconds=1))
    # https://discord.com/developers/docs/reference#snowflakes has this id and time.
    assert time_at(175928847299117063) == datetime(2016, 4, 30, 11, 18, 25, 796000, UTC)
