"""The state of an alert, which decides what its buttons offer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.desk.record import AlertState, Record
from bot.domain import Act, Case, Done, Judgement, Kind, Outcome, Surface, UserId, failed
from bot.enforcement.actuators import DONE, OBSERVED
from tests import making

REFUSED = failed("failed.refused", reason="status 403")
LEAD = making.case_id(1)


def case(outcomes: dict[Kind, Outcome] | None = None, number: int = 1, **more: Any) -> Case:
    return Case(making.decision(number, Kind.ALERT, **more), outcomes or {})


@pytest.mark.parametrize(
    ("cases", "state"),
    [
        ([case()], AlertState()),
        ([case({Kind.DELETE: DONE})], AlertState(deleted=True, partly_deleted=True)),
        ([case({Kind.DELETE: OBSERVED})], AlertState()),
        ([case({Kind.DELETE: REFUSED})], AlertState()),
        ([case({Kind.DELETE: DONE}), case(number=2)], AlertState(partly_deleted=True)),
        (
            [case({Kind.DELETE: DONE}), case(number=2, surface=Surface.NICKNAME)],
            AlertState(deleted=True, partly_deleted=True),
        ),
        (
            [case({Kind.TIMEOUT: DONE}), case(number=2)],
            AlertState(timed_out=True, partly_timed_out=True),
        ),
        ([case({Kind.TIMEOUT: DONE}), case(number=2, author=5)], AlertState(partly_timed_out=True)),
        ([case({Kind.TIMEOUT: OBSERVED})], AlertState()),
        ([case(surface=Surface.TITLE)], AlertState(can_delete=False)),
        ([case(surface=Surface.NICKNAME), case()], AlertState()),
        ([case(webhook=True)], AlertState(can_time_out=False)),
        ([case(moderator=True)], AlertState(can_time_out=False)),
        ([case(moderator=True), case(webhook=True), case()], AlertState()),
        ([Case(making.decision(1))], AlertState(reported=True)),
        ([Case(making.decision(1)), case(number=2)], AlertState()),
    ],
)
def test_the_state_after_the_bots_own_actions(cases: list[Case], state: AlertState) -> None:
    assert Record(cases).state == state


DELETED = AlertState(deleted=True, partly_deleted=True)
OUT = AlertState(timed_out=True, partly_timed_out=True)


@pytest.mark.parametrize(
    ("outcomes", "acts", "state"),
    [
        ({}, [], AlertState()),
        ({}, [(Act.DELETE, 0)], DELETED),
        ({Kind.DELETE: DONE}, [], DELETED),
        ({}, [(Act.TIMEOUT, 60)], OUT),
        ({}, [(Act.TIMEOUT, 0)], AlertState()),  # it has expired
        ({}, [(Act.TIMEOUT, 60), (Act.UNDO, 0)], AlertState()),
        ({}, [(Act.UNDO, 0), (Act.TIMEOUT, 60)], OUT),
        ({Kind.TIMEOUT: DONE}, [], OUT),
        ({Kind.TIMEOUT: DONE}, [(Act.UNDO, 0)], AlertState()),
        ({Kind.TIMEOUT: DONE}, [(Act.DELETE, 0)], AlertState(True, True, True, True)),
    ],
)
def test_moderators_actions_are_added_to_the_bots(
    outcomes: dict[Kind, Outcome], acts: list[tuple[Act, int]], state: AlertState
) -> None:
    now = datetime.now(UTC)
    done = [
        Done(act, UserId(9), now + timedelta(milliseconds=number), minutes)
        for number, (act, minutes) in enumerate(acts)
    ]
    assert Record([case(outcomes)], {LEAD: done}).state == state


def test_two_acts_of_the_same_moment_keep_their_order() -> None:
    at = datetime.now(UTC)
    done = [Done(Act.TIMEOUT, UserId(9), at, 60), Done(Act.UNDO, UserId(9), at)]
    assert Record([case()], {LEAD: done}).state == AlertState()


@pytest.mark.parametrize(
    ("given", "judgement"),
    [
        ({}, None),
        ({1: Judgement.RIGHT}, None),  # the other one has none
        ({1: Judgement.RIGHT, 2: Judgement.RIGHT}, Judgement.RIGHT),
        ({1: Judgement.RIGHT, 2: Judgement.FALSE_POSITIVE}, None),
    ],
)
def test_an_alert_has_a_verdict_if_all_its_messages_have_it(
    given: dict[int, Judgement], judgement: Judgement | None
) -> None:
    judgements = {making.case_id(number): each for number, each in given.items()}
    record = Record([case(), case(number=2)], {}, judgements)
    assert record.state.judgement is judgement


def test_the_authors_are_people_each_once_in_the_order_of_their_messages() -> None:
    cases = [case(author=7), case(number=2), case(number=3, author=7), case(number=4, webhook=True)]
    assert Record(cases[:3]).authors == [7, 4]
    assert Record([*cases[:2], case(number=4, author=8, webhook=True)]).authors == [7, 4]
