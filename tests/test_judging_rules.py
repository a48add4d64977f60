"""What the judging room states: batches, words, and marks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app.settings import Moderation
from bot.domain import Case, Decision, Kind, Post, Reason, Surface, Taken, about
from bot.judging.judge import MOST_WORDS, Judge, highest, without_repeats
from bot.judging.pipeline import Pipeline, SetAsideError
from bot.judging.queue import TURN_CHARACTERS
from bot.policy.book import PolicyBook
from bot.policy.entries import allow_entry
from bot.store.patience import Patience
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer
from tests import making

HATEFUL = "i hate you, you stupid worthless idiot, you disgusting pathetic moron"
LONG = "a" * TURN_CHARACTERS


@pytest.fixture
def book(scorer: Scorer) -> PolicyBook:
    return PolicyBook(Moderation(mode="enforce").defaults(scorer.presets))


@pytest.fixture
def judge(scorer: Scorer, book: PolicyBook) -> Judge:
    return Judge(scorer, book)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


def nothing(cases: Sequence[Case]) -> None:
    del cases


def always(post: Post) -> bool:
    del post
    return True


def line(judge: Judge, store: SqliteStore, **changes: Any) -> Pipeline:
    settings: dict[str, Any] = {
        "patience": Patience(),
        "caught_up": always,
        "batch_size": 256,
        "queue_size": 16,
    }
    hand_on: Callable[[Sequence[Case]], None] = changes.pop("hand_on", nothing)
    return Pipeline(judge, store.journal, hand_on, **(settings | changes))


async def while_running(pipeline: Pipeline, work: Awaitable[Any]) -> Any:
    running = asyncio.create_task(pipeline.run())
    try:
        return await work
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# ------------------------------------------------------------------ the judge


@pytest.mark.parametrize(
    ("scores", "reasons", "named"),
    [
        ({"hate": 0.2, "insult": 0.7}, (), "insult"),
        ({"hate": 0.2}, (), "hate"),
        ({"hate": 0.1, "insult": 0.9}, (Reason(Kind.ALERT, "hate", 0.1, 0.05),), "hate"),
    ],
)
def test_which_class_a_message_is_about(
    scores: dict[str, float], reasons: tuple[Reason, ...], named: str
) -> None:
    assert highest(Decision(making.post(), scores, "m", reasons)) == named


def test_the_lead_is_the_gravest_action() -> None:
    for most, kind in enumerate((Kind.ALERT, Kind.DELETE, Kind.TIMEOUT), 1):
        assert making.decision(1, *list(Kind)[:most]).lead == Reason(kind, "hate", 0.9, 0.5)
    assert making.decision().lead is None


def test_an_alert_shows_the_words_that_weighed_most(judge: Judge, scorer: Scorer) -> None:
    (decision,) = judge.judge([making.post(text=HATEFUL + " " + HATEFUL)])
    weights: dict[str, float] = {}
    for word in scorer.explain(HATEFUL + " " + HATEFUL):
        said = (HATEFUL + " " + HATEFUL)[word.start : word.end]
        weights[said] = max(weights.get(said, 0), word.weights[highest(decision)])
    heaviest = sorted(weights, key=lambda said: -weights[said])
    assert decision.words == tuple(heaviest[:MOST_WORDS])
    assert MOST_WORDS == 5
    (harmless,) = judge.judge([making.post(text="what a lovely day")])
    assert harmless.words == ()


def test_what_decided_is_found_again_for_cases_from_the_journal(judge: Judge) -> None:
    (whole,) = judge.judge([making.post(text=HATEFUL)])
    stored = Case(replace(whole, words=(), passage=None))
    without_text = Case(replace(whole, post=replace(whole.post, text="")))
    assert whole.words
    assert judge.with_evidence([stored, without_text]) == [Case(whole), without_text]


def test_words_that_speak_against_the_class_are_not_shown(judge: Judge, scorer: Scorer) -> None:
    text = "thanks friend you stupid worthless idiot"
    (decision,) = judge.judge([making.post(text=text)])
    harm = highest(decision)
    weighs = {text[w.start : w.end]: w.weights[harm] for w in scorer.explain(text)}
    assert min(weighs.values()) <= 0 < len(decision.words)
    assert all(weighs[word] > 0 for word in decision.words)


def test_a_harmless_phrase_is_left_out_of_scores_and_words(judge: Judge, book: PolicyBook) -> None:
    post = making.post(text=HATEFUL)
    book.put(post.guild_id, {allow_entry(HATEFUL): True})
    (decision,) = judge.judge([post])
    assert decision.reasons == ()
    assert judge.explain(post).scored.strip() == ""
    assert judge.explain(making.post(guild=99, text=HATEFUL)).scored == HATEFUL


def test_what_was_done_about_a_message_is_brought_up_to_date(judge: Judge) -> None:
    posts = [making.post(1, text=HATEFUL), making.post(1, text=HATEFUL)]
    taken = Taken()
    first, second = without_repeats(judge.judge(posts), taken)
    assert first.reasons
    assert not second.reasons
    assert taken.kinds == {about(posts[0].id): {reason.kind for reason in first.reasons}}
    assert [bool(each.reasons) for each in judge.judge(posts)] == [True, True]


def test_what_was_done_already_has_no_reasons_and_no_words(judge: Judge) -> None:
    post = making.post(1, text=HATEFUL)
    (decision,) = judge.judge([post])
    (known,) = without_repeats([decision], Taken(known={post.id}))
    (had,) = without_repeats([decision], Taken(kinds={about(post.id): set(Kind)}))
    assert known == had
    assert (known.reasons, known.words, known.scores) == ((), (), decision.scores)


def test_every_decision_names_the_model(judge: Judge, scorer: Scorer) -> None:
    (decision,) = judge.judge([making.post()])
    assert decision.model == judge.model == scorer.version


# ------------------------------------------------------------------ the pipeline


async def test_a_full_queue_says_which_post_had_no_room(judge: Judge, store: SqliteStore) -> None:
    pipeline = line(judge, store, queue_size=2)
    assert [pipeline.submit(making.post(n, guild=1)) for n in (1, 2)] == [None, None]
    lost = [pipeline.submit(making.post(3, guild=2)), pipeline.submit(making.post(4, guild=1))]
    assert [post and post.subject_id for post in lost] == [2, 4]
    assert pipeline.refused == 2


async def test_a_full_queue_is_logged_once_until_there_was_room(
    judge: Judge, store: SqliteStore
) -> None:
    pipeline = line(judge, store, queue_size=1)
    with capture_logs() as logged:
        for number in range(3):
            pipeline.submit(making.post(number))
        assert [entry["event"] for entry in logged] == ["queue full"]
        await while_running(pipeline, pipeline.drained())
        for number in range(3, 6):
            pipeline.submit(making.post(number))
    assert [entry["event"] for entry in logged] == ["queue full", "queue full"]


class Batches:
    """A judge that notes what it is given at once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.seen: list[list[int]] = []

    def judge(self, posts: Sequence[Post]) -> list[Decision]:
        self.seen.append([post.subject_id for post in posts])
        return self._judge.judge(posts)


async def test_only_where_something_is_due_the_journal_is_asked_what_was_done(
    judge: Judge, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    whole = store.journal.taken

    async def taken(posts: Sequence[Post]) -> Taken:
        asked.append([post.subject_id for post in posts])
        return await whole(posts)

    monkeypatch.setattr(store.journal, "taken", taken)
    pipeline = line(judge, store)
    for number, text in enumerate(("what a lovely day", HATEFUL), 1):
        pipeline.submit(making.post(number, text=text))
    await while_running(pipeline, pipeline.drained())
    pipeline.submit(making.post(3, text="what a lovely day"))
    await while_running(pipeline, pipeline.drained())
    assert asked == [[2]]
    assert pipeline.recorded == 3


@pytest.mark.parametrize(
    ("texts", "batches"),
    [
        (["a"] * 5, [[0, 1, 2, 3], [4]]),
        ([LONG * 3, "a"], [[0], [1]]),
        ([LONG, LONG, "a"], [[0, 1], [2]]),
        (["a", LONG * 15, "a"], [[0, 1], [2]]),
    ],
)
async def test_a_batch_is_bounded_by_what_its_texts_cost(
    judge: Judge, store: SqliteStore, texts: list[str], batches: list[list[int]]
) -> None:
    noting: Any = Batches(judge)
    pipeline = line(noting, store, batch_size=4)
    for number, text in enumerate(texts):
        pipeline.submit(making.post(number, text=text))
    await while_running(pipeline, pipeline.drained())
    assert noting.seen == batches
    assert pipeline.recorded == len(texts)


async def test_it_is_idle_while_nothing_waits_or_is_judged(
    judge: Judge, store: SqliteStore
) -> None:
    pipeline = line(judge, store)
    during: list[bool] = []
    pipeline.decided.add(lambda _: during.append(pipeline.idle.is_set()))

    async def work() -> None:
        await pipeline.idle.wait()
        pipeline.submit(making.post())
        await pipeline.drained()
        await asyncio.sleep(0)
        await pipeline.idle.wait()

    await while_running(pipeline, work())
    assert during == [False]


async def test_only_new_decisions_with_reasons_are_handed_on(
    judge: Judge, store: SqliteStore
) -> None:
    handed: list[Case] = []
    told: list[Sequence[Decision]] = []
    pipeline = line(judge, store, hand_on=handed.extend)
    pipeline.decided.add(told.append)
    bad, good = making.post(1, text=HATEFUL), making.post(2, text="what a lovely day")
    for post in (bad, good):
        pipeline.submit(post)
    await while_running(pipeline, pipeline.drained())
    pipeline.submit(bad)
    pipeline.submit(good)
    await while_running(pipeline, pipeline.drained())
    assert [case.id for case in handed] == [bad.id]
    assert [[each.post.id for each in news] for news in told] == [[bad.id, good.id]]
    assert pipeline.recorded == 2


async def test_marks_rise_to_the_latest_message_of_channels_without_a_gap(
    judge: Judge, store: SqliteStore
) -> None:
    pipeline = line(judge, store, caught_up=lambda post: post.channel_id != 4)
    posts = [making.post(7, channel=3), making.post(5, channel=3), making.post(6, channel=4)]
    for post in [*posts, making.post(99, channel=3, surface=Surface.NICKNAME)]:
        pipeline.submit(post)
    await while_running(pipeline, pipeline.drained())
    assert await store.watermarks.all() == {2: {3: 7}}


async def test_what_cannot_be_judged_is_counted_and_its_future_says_so(
    judge: Judge, store: SqliteStore
) -> None:
    pipeline = line(judge, store)
    pipeline.submit(making.post(2))
    pipeline.submit(making.post(3))

    async def work() -> None:
        pipeline.submit(making.post(4, text=Unreadable("x")))
        done = await pipeline.enter(making.post(1, text=Unreadable("x")))
        with pytest.raises(SetAsideError):
            await done
        await pipeline.drained()

    await while_running(pipeline, work())
    assert (pipeline.set_aside, pipeline.recorded) == (2, 2)


class Unreadable(str):
    """A text that fails whoever reads it."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> str:
        raise ValueError("private words")


async def test_a_stop_cancels_what_was_waited_for(judge: Judge, store: SqliteStore) -> None:
    never = asyncio.Event()

    async def hang(write: Any, what: str) -> Any:
        del write, what
        await never.wait()

    patience = Patience()
    patience.until_written = hang  # type: ignore[method-assign]
    pipeline = line(judge, store, patience=patience)
    done = await pipeline.enter(making.post())
    await while_running(pipeline, asyncio.sleep(0.01))
    assert done.cancelled()
