"""What an alert's buttons offer, by what became of its messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.desk.standing import Record, Standing
from bot.domain import Act, Case, Done, Judgement, Kind, Outcome, Surface, UserId, failed
from bot.enforcement.actuators import DONE, OBSERVED
from tests import making

REFUSED = failed("failed.refused", reason="status 403")
LEAD = making.case_id(1)


def case(outcomes: dict[Kind, Outcome] | None = None, number: int = 1, **more: Any) -> Case:
    return Case(making.decision(number, Kind.ALERT, **more), outcomes or {})


@pytest.mark.parametrize(
    ("cases", "standing"),
    [
        ([case()], Standing()),
        ([case({Kind.DELETE: DONE})], Standing(deleted=True, partly_deleted=True)),
        ([case({Kind.DELETE: OBSERVED})], Standing()),
        ([case({Kind.DELETE: REFUSED})], Standing()),
        ([case({Kind.DELETE: DONE}), case(number=2)], Standing(partly_deleted=True)),
        (
            [case({Kind.DELETE: DONE}), case(number=2, surface=Surface.NICKNAME)],
            Standing(deleted=True, partly_deleted=True),
        ),
        (
            [case({Kind.TIMEOUT: DONE}), case(number=2)],
            Standing(timed_out=True, partly_timed_out=True),
        ),
        ([case({Kind.TIMEOUT: DONE}), case(number=2, author=5)], Standing(partly_timed_out=True)),
        ([case({Kind.TIMEOUT: OBSERVED})], Standing()),
        ([case(surface=Surface.TITLE)], Standing(can_delete=False)),
        ([case(surface=Surface.NICKNAME), case()], Standing()),
        ([case(webhook=True)], Standing(can_time_out=False)),
        ([case(moderator=True)], Standing(can_time_out=False)),
        ([case(moderator=True), case(webhook=True), case()], Standing()),
        ([Case(making.decision(1))], Standing(reported=True)),
        ([Case(making.decision(1)), case(number=2)], Standing()),
    ],
)
def test_what_became_of_messages_by_what_the_bot_did(cases: list[Case], standing: Standing) -> None:
    assert Record(cases).standing == standing


DELETED = Standing(deleted=True, partly_deleted=True)
OUT = Standing(timed_out=True, partly_timed_out=True)


@pytest.mark.parametrize(
    ("outcomes", "acts", "standing"),
    [
        ({}, [], Standing()),
        ({}, [(Act.DELETE, 0)], DELETED),
        ({Kind.DELETE: DONE}, [], DELETED),
        ({}, [(Act.TIMEOUT, 60)], OUT),
        ({}, [(Act.TIMEOUT, 0)], Standing()),  # it is over
        ({}, [(Act.TIMEOUT, 60), (Act.UNDO, 0)], Standing()),
        ({}, [(Act.UNDO, 0), (Act.TIMEOUT, 60)], OUT),
        ({Kind.TIMEOUT: DONE}, [], OUT),
        ({Kind.TIMEOUT: DONE}, [(Act.UNDO, 0)], Standing()),
        ({Kind.TIMEOUT: DONE}, [(Act.DELETE, 0)], Standing(True, True, True, True)),
    ],
)
def test_what_moderators_did_counts_on_top_of_what_the_bot_did(
    outcomes: dict[Kind, Outcome], acts: list[tuple[Act, int]], standing: Standing
) -> None:
    now = datetime.now(UTC)
    done = [
        Done(act, UserId(9), now + timedelta(milliseconds=number), minutes)
        for number, (act, minutes) in enumerate(acts)
    ]
    assert Record([case(outcomes)], {LEAD: done}).standing == standing


def test_two_acts_of_the_same_moment_count_in_their_order() -> None:
    at = datetime.now(UTC)
    done = [Done(Act.TIMEOUT, UserId(9), at, 60), Done(Act.UNDO, UserId(9), at)]
    assert Record([case()], {LEAD: done}).standing == Standing()


@pytest.mark.parametrize(
    ("given", "judgement"),
    [
        ({}, None),
        ({1: Judgement.RIGHT}, None),  # the other one has none
        ({1: Judgement.RIGHT, 2: Judgement.RIGHT}, Judgement.RIGHT),
        ({1: Judgement.RIGHT, 2: Judgement.FALSE_POSITIVE}, None),
    ],
)
def test_a_verdict_stands_for_an_alert_if_all_its_messages_have_it(
    given: dict[int, Judgement], judgement: Judgement | None
) -> None:
    judgements = {making.case_id(number): each for number, each in given.items()}
    record = Record([case(), case(number=2)], {}, judgements)
    assert record.standing.judgement is judgement


def test_the_authors_are_people_each_once_in_the_order_of_their_messages() -> None:
    cases = [case(author=7), case(number=2), case(number=3, author=7), case(number=4, webhook=True)]
    assert Record(cases[:3]).authors == [7, 4]
    assert Record([*cases[:2], case(number=4, author=8, webhook=True)]).authors == [7, 4]
