"""From posts to decisions to the journal, with the real classifier and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from bot.app.settings import Moderation
from bot.domain import (
    BIGGEST_ID,
    POSTED,
    Case,
    Decision,
    Kind,
    Mode,
    Post,
    Revision,
    Surface,
    Taken,
    about,
)
from bot.judging.judge import Judge, without_repeats
from bot.judging.pipeline import Pipeline, SetAsideError
from bot.policy.book import PolicyBook
from bot.store.patience import Patience
from bot.store.ports import StoreBrokenError
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer
from tests import making
from tests.world import BENIGN, BORDERLINE, HATEFUL


@pytest.fixture
def judge(scorer: Scorer) -> Judge:
    defaults = Moderation(mode="enforce").defaults(scorer.presets)
    return Judge(scorer, PolicyBook(defaults))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


class Line:
    """A running pipeline, and what it handed on."""

    def __init__(self, judge: Judge, store: SqliteStore, caught_up: Callable[[Post], bool]) -> None:
        self.handed: list[Case] = []
        self.told: list[Decision] = []
        self.pipeline = Pipeline(
            judge,
            store.journal,
            self.handed.extend,
            patience=Patience(),
            caught_up=caught_up,
            batch_size=256,
            queue_size=1_000,
        )
        self.pipeline.decided.add(self.told.extend)


@pytest.fixture
async def line(judge: Judge, store: SqliteStore) -> AsyncIterator[Line]:
    made = Line(judge, store, lambda post: post.channel_id == 3)
    running = asyncio.create_task(made.pipeline.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def kinds(decision: Decision) -> set[Kind]:
    return {reason.kind for reason in decision.reasons}


async def decided(line: Line, posts: Sequence[Post]) -> list[Decision]:
    return [await (await line.pipeline.enter(post)) for post in posts]


def test_a_decision_says_its_mode_and_its_heaviest_words(judge: Judge) -> None:
    bad, good = judge.judge([making.post(text=HATEFUL), making.post(2, text=BENIGN)])
    assert bad.mode is Mode.ENFORCE
    assert kinds(bad) == {Kind.ALERT, Kind.DELETE}
    assert bad.words[:1] == ("shot",)
    assert (good.reasons, good.words) == ((), ())


@pytest.mark.parametrize(
    ("before", "text", "due"),
    [
        ({Kind.ALERT}, BORDERLINE, set()),  # nobody wants a second alert for a corrected comma
        ({Kind.ALERT}, HATEFUL, {Kind.ALERT, Kind.DELETE}),  # it became worse
        ({Kind.ALERT, Kind.DELETE}, HATEFUL, set()),
        (set(), BORDERLINE, {Kind.ALERT}),
    ],
)
def test_an_edit_leads_only_to_what_its_message_has_not_had(
    judge: Judge, before: set[Kind], text: str, due: set[Kind]
) -> None:
    edited = making.post(text=text, revision=Revision("e5"))
    taken = Taken(kinds={about(edited.id): before})
    (decision,) = without_repeats(judge.judge([edited]), taken)
    assert kinds(decision) == due


@pytest.mark.parametrize("surface", [Surface.NICKNAME, Surface.TITLE])
def test_each_new_name_is_alerted_by_itself(judge: Judge, surface: Surface) -> None:
    first = making.post(text=BORDERLINE, surface=surface, revision=Revision("t1"))
    second = making.post(text=BORDERLINE, surface=surface, revision=Revision("t2"))
    taken = Taken()
    assert kinds(without_repeats(judge.judge([first]), taken)[0]) == {Kind.ALERT}
    assert kinds(without_repeats(judge.judge([second]), taken)[0]) == {Kind.ALERT}
    assert kinds(without_repeats(judge.judge([second]), taken)[0]) == set()


async def test_a_decision_is_on_disk_when_its_future_is_done(
    line: Line, store: SqliteStore
) -> None:
    (bad,) = await decided(line, [making.post(text=HATEFUL)])
    assert [case.decision for case in line.handed] == [bad]
    assert [decision.post.id for decision in line.told] == [bad.post.id]
    (case,) = await store.journal.unfinished()
    assert case.decision.mode is Mode.ENFORCE


async def test_a_replay_is_handed_on_once(line: Line) -> None:
    await decided(line, [making.post(text=HATEFUL)] * 3)
    assert len(line.handed) == 1
    assert len(line.told) == 1


async def test_what_is_not_to_be_acted_on_is_journalled_and_still_answered(
    line: Line, store: SqliteStore
) -> None:
    waiting = await line.pipeline.enter(making.post(text=HATEFUL), act=False)
    assert kinds(await waiting) == {Kind.ALERT, Kind.DELETE}
    assert line.handed == []
    assert await store.journal.unfinished() == []
    assert (await store.journal.taken([making.post()])).known == {making.case_id()}


async def test_one_post_that_cannot_be_judged_holds_up_no_other(line: Line) -> None:
    """Two in one batch with one that no database takes: they are decided, it is counted."""
    good, impossible, bad = (
        making.post(1, text=BENIGN),
        making.post(BIGGEST_ID + 1, text="what it says stays out of the log"),
        making.post(3, text=HATEFUL),
    )
    waiting = [await line.pipeline.enter(post) for post in (good, impossible, bad)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[1], SetAsideError)
    assert kinds(await waiting[2]) == {Kind.ALERT, Kind.DELETE}
    assert line.pipeline.set_aside == 1
    assert [case.id.subject for case in line.handed] == [3]
    (after,) = await decided(line, [making.post(4, text=BENIGN)])
    assert after.reasons == ()


async def test_a_fault_of_the_judge_itself_is_set_aside_without_its_text(
    line: Line, judge: Judge, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judge.judge

    def failing(posts: Sequence[Post]) -> list[Decision]:
        if any("boom" in post.text for post in posts):
            raise RuntimeError("it said boom and more")
        return whole(posts)

    monkeypatch.setattr(judge, "judge", failing)
    posts = [making.post(n, text=t) for n, t in enumerate((HATEFUL, "boom and more", HATEFUL), 1)]
    waiting = [await line.pipeline.enter(post) for post in posts]
    await asyncio.gather(*waiting, return_exceptions=True)
    assert [case.id.subject for case in line.handed] == [1, 3]
    assert line.pipeline.set_aside == 1
    assert "and more" not in caplog.text


async def test_waiting_for_one_post_does_not_wait_for_all(line: Line) -> None:
    """Under steady load the queue is never empty; an answer comes all the same."""
    running = True

    async def load() -> None:
        number = 100
        while running:
            for _ in range(50):
                line.pipeline.submit(making.post(number, guild=9, text=f"hello {number}"))
                number += 1
            await asyncio.sleep(0)

    steady = asyncio.create_task(load())
    try:
        async with asyncio.timeout(20):
            await decided(line, [making.post(1, text=BENIGN)])
    finally:
        running = False
        await steady


async def test_marks_rise_for_messages_of_channels_without_a_gap(
    line: Line, store: SqliteStore
) -> None:
    await decided(
        line,
        [
            making.post(7, channel=3),
            making.post(5, channel=3),
            making.post(8, channel=4),
            making.post(99, channel=3, surface=Surface.NICKNAME, revision=POSTED),
        ],
    )
    assert await store.watermarks.all() == {2: {3: 7}}


async def test_a_subscriber_that_fails_stops_nobody(line: Line) -> None:
    def failing(news: object) -> None:
        raise ValueError(news)

    line.pipeline.decided.add(failing)
    heard: list[Decision] = []
    line.pipeline.decided.add(heard.extend)
    await decided(line, [making.post(text=HATEFUL)])
    assert len(heard) == len(line.handed) == 1


async def test_a_damaged_database_ends_the_pipeline_and_blames_no_post(
    judge: Judge, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(posts: Sequence[Post]) -> Taken:
        raise StoreBrokenError(len(posts))

    monkeypatch.setattr(store.journal, "taken", broken)
    made = Line(judge, store, lambda _post: True)
    await made.pipeline.enter(making.post(text=HATEFUL))
    with pytest.raises(StoreBrokenError):
        await made.pipeline.run()
    assert made.pipeline.set_aside == 0
