"""What the store's port states, on the real database: decisions, outcomes, and the past."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import (
    Act,
    Case,
    ChannelId,
    Decision,
    GuildId,
    Judgement,
    Kind,
    Mode,
    Note,
    Outcome,
    Reason,
    Revision,
    Status,
    SubjectId,
    Surface,
    UserId,
    Verdict,
    about,
)
from bot.store.ports import Assigned, Mark, StoreUnavailableError
from bot.store.sqlite.database import Database
from bot.store.sqlite.rows import AT_ONCE
from bot.store.sqlite.store import SqliteStore
from tests import making

HERE, ANYWHERE = GuildId(2), ChannelId(0)
DONE = Outcome(Status.DONE)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


def scored(number: int, score: float, *, minutes: float = 0, **more: Any) -> Decision:
    at = making.START + timedelta(minutes=minutes)
    made = making.decision(number, at=at, **more)
    return replace(made, scores=making.SCORES | {"hate": score})


async def finish(
    store: SqliteStore, decision: Decision, kind: Kind, outcome: Outcome = DONE, lead: int = 0
) -> None:
    leads = [making.case_id(lead)] if lead else []
    await store.journal.finish([Case(decision)], kind, [outcome], leads)


async def told(store: SqliteStore, lead: int) -> list[int]:
    return [each.id.subject for each in await store.journal.told_by_alert(making.case_id(lead))]


# ------------------------------------------------------------------ the database itself


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: what was acted on survives a power cut
        ("foreign_keys", 1),
        ("secure_delete", 1),  # erased means overwritten
        ("busy_timeout", 5_000),
    ],
)
async def test_the_database_is_opened_as_its_promises_need(
    tmp_path: Path, pragma: str, value: str | int
) -> None:
    database = await Database.open(tmp_path / "db")
    row = await database.row(f"PRAGMA {pragma}")
    await database.close()
    assert row is not None
    assert row[0] == value


async def test_long_queries_cannot_write(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    with pytest.raises(StoreUnavailableError):
        await database.read("DELETE FROM cases")
    assert await database.read("SELECT 1") == [(1,)]
    assert await database.row("SELECT 1 WHERE 0") is None
    await database.close()


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("mode", Mode)
async def test_every_surface_and_mode_comes_back(
    store: SqliteStore, surface: Surface, mode: Mode
) -> None:
    made = making.decision(1, Kind.ALERT, mode=mode, surface=surface)
    await store.journal.record([made])
    (case,) = await store.journal.unfinished()
    assert (case.decision.post.surface, case.decision.mode) == (surface, mode)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", Kind)
async def test_every_action_and_every_end_of_it_comes_back(
    store: SqliteStore, kind: Kind, status: Status
) -> None:
    made = making.decision(1, kind)
    await store.journal.record([made])
    note = Note("failed.refused", {"reason": "status 403", "code": 5})
    await finish(store, made, kind, Outcome(status, note))
    (case,) = await store.journal.told_by_alert(made.post.id)
    ended = {} if status is Status.PENDING else {kind: Outcome(status, note)}
    assert case.outcomes == ended
    assert bool(await store.journal.unfinished()) is (status is Status.PENDING)


@pytest.mark.parametrize("judgement", Judgement)
async def test_every_judgement_comes_back(store: SqliteStore, judgement: Judgement) -> None:
    made = making.decision(1)
    await store.journal.record([made])
    await store.verdicts.judge([Verdict(made, "hate", judgement, UserId(9), making.START)])
    assert await store.verdicts.judgements([made.post.id]) == {made.post.id: judgement}
    assert await store.verdicts.judgements([making.case_id(404)]) == {}


async def test_every_act_comes_back_in_order(store: SqliteStore) -> None:
    made = [making.decision(1), making.decision(2)]
    await store.journal.record(made)
    ids = [each.post.id for each in made]
    for number, act in enumerate(Act):
        await store.verdicts.acted(ids, act, UserId(number), minutes=number)
    for case in ids:
        acts = (await store.verdicts.acts([case]))[case]
        assert [(each.act, each.by_id, each.minutes) for each in acts] == [
            (act, number, number) for number, act in enumerate(Act)
        ]
        assert all(abs(each.at - datetime.now(UTC)) < timedelta(minutes=5) for each in acts)


async def test_a_decision_comes_back_whole(store: SqliteStore) -> None:
    places: dict[str, Any] = {"parent_id": ChannelId(6), "category_id": ChannelId(7)}
    who: dict[str, Any] = {"author": 8, "channel": 5, "webhook": True}
    made = making.decision(1, **places, **who, text="words", author_name="a name", model="m2")
    why = (
        Reason(Kind.ALERT, "hate", 0.9, 0.5, ChannelId(6)),
        Reason(Kind.TIMEOUT, "insult", 0.8, 0.7, ChannelId(5), 60),
    )
    scores = {"hate": 0.9, "insult": 0.5, "threat": 0.25, "offensive": 0.125}
    made = replace(made, reasons=why, scores=scores)
    await store.journal.record([made])
    (case,) = await store.journal.unfinished()
    assert {harm: case.decision.scores[harm] for harm in scores} == scores
    assert replace(case.decision, scores=scores) == made


@pytest.mark.parametrize(
    ("moderator", "exempt", "comes_back"),
    [(False, False, False), (False, True, True), (True, True, False), (True, False, False)],
)
async def test_a_moderator_is_a_fact_and_not_an_exemption(
    store: SqliteStore, *, moderator: bool, exempt: bool, comes_back: bool
) -> None:
    made = replace(making.decision(1, moderator=moderator), exempt=exempt)
    await store.journal.record([made])
    (case,) = await store.journal.told_by_alert(made.post.id)
    assert case.decision.post.moderator is moderator
    assert case.decision.exempt is comes_back


# ------------------------------------------------------------------ the journal


async def test_only_what_is_new_is_written_and_returned(store: SqliteStore) -> None:
    first, second = making.decision(1, Kind.ALERT), making.decision(2)
    assert await store.journal.record([first]) == [first]
    assert await store.journal.record([first, second, second]) == [second]
    assert await store.journal.record([]) == []


@pytest.mark.parametrize("count", [AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 1])
async def test_however_many_posts_are_asked_about_all_are_known(
    store: SqliteStore, count: int
) -> None:
    made = [making.decision(number, Kind.ALERT) for number in range(count)]
    await store.journal.record(made)
    taken = await store.journal.taken([each.post for each in made] + [making.post(9_999)])
    assert taken.known == {each.post.id for each in made}
    assert taken.kinds == {about(each.post.id): {Kind.ALERT} for each in made}


async def test_marks_are_written_with_their_decisions(store: SqliteStore) -> None:
    mark = Mark(HERE, ChannelId(3), SubjectId(7))
    await store.journal.record([making.decision(1)], [mark])
    assert await store.watermarks.all() == {2: {3: 7}}
    await store.watermarks.raise_to([replace(mark, message=SubjectId(5))])
    assert await store.watermarks.all() == {2: {3: 7}}
    await store.watermarks.raise_to([replace(mark, message=SubjectId(9))])
    await store.watermarks.raise_to([replace(mark, channel=ChannelId(4))])
    assert await store.watermarks.all() == {2: {3: 9, 4: 7}}
    await store.watermarks.drop(GuildId(8), [ChannelId(3)])
    await store.watermarks.drop(HERE, [ChannelId(3)])
    assert await store.watermarks.all() == {2: {4: 7}}


async def test_what_is_unfinished_comes_back_oldest_first(store: SqliteStore) -> None:
    made = [making.decision(number, Kind.ALERT, Kind.DELETE) for number in (3, 1, 2)]
    edit = making.decision(1, Kind.ALERT, revision=Revision("e0000000000000001"))
    await store.journal.record([*made, edit])
    await finish(store, made[2], Kind.DELETE)
    await finish(store, made[2], Kind.ALERT)
    unfinished = await store.journal.unfinished()
    assert [(each.id.subject, each.id.revision) for each in unfinished] == [
        (1, ""),
        (1, edit.post.id.revision),
        (3, ""),
    ]


async def test_one_kind_is_finished_at_a_time(store: SqliteStore) -> None:
    made = making.decision(1, Kind.ALERT, Kind.DELETE, text="words", author_name="a name")
    other = making.decision(2, Kind.ALERT, text="more")
    await store.journal.record([made, other])
    await finish(store, made, Kind.DELETE)
    first, second = await store.journal.unfinished()
    assert first.outcomes == {Kind.DELETE: DONE}
    assert (first.decision.post.text, first.decision.post.author_name) == ("words", "a name")
    await finish(store, made, Kind.ALERT)  # what it quoted is erased with that
    (case,) = await store.journal.told_by_alert(made.post.id)
    assert (case.decision.post.text, case.decision.post.author_name) == ("", "")
    (second,) = await store.journal.unfinished()
    assert second.decision.post.text == "more"


async def test_an_alert_tells_of_its_own_case_first(store: SqliteStore) -> None:
    made = [making.decision(number, Kind.ALERT) for number in (1, 2, 3, 4)]
    await store.journal.record(made)
    cases = [Case(each) for each in made]
    await store.journal.assign(cases[:3], [making.case_id(2)] * 3)
    assert await told(store, 2) == [2, 1, 3]
    assert await told(store, 4) == [4]
    assigned = await store.journal.assigned(cases)
    assert assigned == {making.case_id(n): Assigned(making.case_id(2), 3) for n in (1, 2, 3)}
    await finish(store, made[3], Kind.ALERT, lead=2)
    assert await told(store, 2) == [2, 1, 3, 4]
    assert await told(store, 404) == []


async def test_a_case_outlives_the_alert_that_told_of_it(store: SqliteStore) -> None:
    made = [making.decision(1, Kind.ALERT, author=7), making.decision(2, Kind.ALERT)]
    await store.journal.record(made)
    for each in made:
        await finish(store, each, Kind.ALERT, lead=1)
    assert await store.housekeeping.forget_author(UserId(7)) == 1
    assert await told(store, 1) == []
    assert await told(store, 2) == [2]
    assert await store.journal.assigned([Case(made[1])]) == {}


# ------------------------------------------------------------------ the past and verdicts


@pytest.mark.parametrize(
    ("minutes", "least", "scope", "numbers"),
    [
        (0, 0.0, 0, [4, 1, 2, 3]),
        (10, 0.0, 0, [1, 2, 3]),  # at that time and later
        (10.001, 0.0, 0, [2, 3]),
        (0, 0.7, 0, [1, 3]),  # a score of at least so much
        (0, 0.701, 0, [3]),
        (0, 0.0, 5, [2]),
        (0, 0.0, 6, [2, 3]),
        (0, 0.0, 7, [2, 3]),
        (0, 0.7, 7, [3]),
        (0, 0.0, 99, []),
    ],
)
async def test_which_decisions_the_past_has(
    store: SqliteStore, minutes: float, least: float, scope: int, numbers: list[int]
) -> None:
    above = {"parent_id": ChannelId(6), "category_id": ChannelId(7)}
    await store.journal.record(
        [
            scored(3, 0.9, minutes=30, **above),
            scored(1, 0.7, minutes=10),
            scored(2, 0.5, minutes=20, channel=5, **above),
            scored(4, 0.5, minutes=0, channel=8),
            scored(5, 0.9, minutes=20, guild=77),
        ]
    )
    since = making.START + timedelta(minutes=minutes)
    past = await store.journal.past(HERE, since, least, ChannelId(scope))
    assert [each.decision.post.subject_id for each in past] == numbers


async def test_each_case_has_scores_of_its_own(store: SqliteStore) -> None:
    await store.journal.record([scored(1, 0.9), scored(2, 0.6), scored(3, 0.7, model="old")])
    past = await store.journal.past(HERE, making.START, 0.0, ANYWHERE)
    scores = [(each.decision.post.subject_id, each.decision.scores["hate"]) for each in past]
    assert sorted(scores) == [(1, 0.9), (2, 0.6), (3, 0.7)]


async def test_the_past_is_limited_to_the_latest_and_has_verdicts(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [scored(number, 0.9, minutes=number) for number in (1, 2, 3)]
    await store.journal.record(made)
    await store.verdicts.judge([Verdict(made[2], "hate", Judgement.RIGHT, UserId(9), making.START)])
    monkeypatch.setattr("bot.store.sqlite.journal.MOST_PAST", 2)
    past = await store.journal.past(HERE, making.START, 0.0, ANYWHERE)
    assert [(each.decision.post.subject_id, each.judgement) for each in past] == [
        (2, None),
        (3, Judgement.RIGHT),
    ]


async def test_verdicts_are_one_servers_on_one_model_oldest_first(store: SqliteStore) -> None:
    made = [
        making.decision(1),
        making.decision(2),
        making.decision(3, model="old"),
        making.decision(4, guild=77),
    ]
    await store.journal.record(made)
    for minutes, each in zip((20, 10, 0, 0), made, strict=True):
        at = making.START + timedelta(minutes=minutes)
        await store.verdicts.judge([Verdict(each, "hate", Judgement.RIGHT, UserId(9), at)])
    again = Verdict(
        made[1], "insult", Judgement.MISSED, UserId(8), making.START + timedelta(hours=1)
    )
    found = await store.verdicts.verdicts(HERE, "m")
    assert [each.decision.post.subject_id for each in found] == [2, 1]
    await store.verdicts.judge([again])
    found = await store.verdicts.verdicts(HERE, "m")
    assert [each.decision.post.subject_id for each in found] == [1, 2]
    latest = found[1]
    assert (latest.harm, latest.judgement, latest.given_by, latest.given_at) == (
        "insult",
        Judgement.MISSED,
        8,
        again.given_at,
    )
