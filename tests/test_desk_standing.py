"""What an alert's buttons offer, by how its messages stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.desk.alerts import AlertDesk, Standing, standing_of
from bot.domain import Act, Case, Judgement, Kind, Outcome, Surface, UserId, Verdict, failed
from bot.enforcement.actuators import DONE, OBSERVED
from bot.enforcement.grouping import OpenAlerts
from bot.store.sqlite.store import SqliteStore
from tests import making

REFUSED = failed("failed.refused", reason="status 403")
LEAD = making.case_id(1)


def case(outcomes: dict[Kind, Outcome] | None = None, number: int = 1, **more: Any) -> Case:
    return Case(making.decision(number, Kind.ALERT, **more), outcomes or {})


@pytest.mark.parametrize(
    ("cases", "standing"),
    [
        ([case()], Standing()),
        ([case({Kind.DELETE: DONE})], Standing(deleted=True)),
        ([case({Kind.DELETE: OBSERVED})], Standing()),
        ([case({Kind.DELETE: REFUSED})], Standing()),
        ([case({Kind.DELETE: DONE}), case()], Standing()),  # one of them still stands
        ([case({Kind.TIMEOUT: DONE}), case()], Standing(timed_out=True)),
        ([case({Kind.TIMEOUT: OBSERVED})], Standing()),
        ([case(surface=Surface.TITLE)], Standing(can_delete=False)),
        ([case(surface=Surface.NICKNAME), case()], Standing()),
        ([case(webhook=True)], Standing(can_time_out=False)),
        ([case(moderator=True)], Standing(can_time_out=False)),
        ([case(moderator=True), case(webhook=True), case()], Standing()),
    ],
)
def test_how_messages_stand_by_what_the_bot_did(cases: list[Case], standing: Standing) -> None:
    assert standing_of(cases) == standing


@pytest.mark.parametrize(
    ("outcomes", "acts", "standing"),
    [
        ({}, [], Standing()),
        ({}, [(Act.DELETE, 0)], Standing(deleted=True)),
        ({Kind.DELETE: DONE}, [], Standing(deleted=True)),
        ({}, [(Act.TIMEOUT, 60)], Standing(timed_out=True)),
        ({}, [(Act.TIMEOUT, 0)], Standing()),  # it is over
        ({}, [(Act.TIMEOUT, 60), (Act.UNDO, 0)], Standing()),
        ({}, [(Act.UNDO, 0), (Act.TIMEOUT, 60)], Standing(timed_out=True)),
        ({}, [(Act.TIMEOUT, 60), (Act.DELETE, 0)], Standing(deleted=True, timed_out=True)),
        ({Kind.TIMEOUT: DONE}, [], Standing(timed_out=True)),
        ({Kind.TIMEOUT: DONE}, [(Act.UNDO, 0)], Standing()),
        ({Kind.TIMEOUT: DONE}, [(Act.DELETE, 0)], Standing(deleted=True, timed_out=True)),
    ],
)
async def test_what_moderators_did_counts_on_top_of_what_the_bot_did(
    tmp_path: Path, outcomes: dict[Kind, Outcome], acts: list[tuple[Act, int]], standing: Standing
) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    nothing: Any = None
    desk = AlertDesk(store.journal, store.verdicts, OpenAlerts(), nothing, nothing)
    told = case(outcomes)
    await store.journal.record([told.decision])
    for act, minutes in acts:
        await store.verdicts.acted([LEAD], act, UserId(9), minutes=minutes)
    assert await desk.standing(LEAD, [told]) == standing
    await store.close()


async def test_an_alert_says_what_was_judged_and_who_told(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "db")
    nothing: Any = None
    desk = AlertDesk(store.journal, store.verdicts, OpenAlerts(), nothing, nothing)
    reported = Case(making.decision(1))
    await store.journal.record([reported.decision])
    assert await desk.standing(LEAD, [reported]) == Standing(reported=True)
    assert not (await desk.standing(LEAD, [reported, case(number=2)])).reported
    verdict = Verdict(reported.decision, "hate", Judgement.RIGHT, UserId(9), making.START)
    await store.verdicts.judge([verdict])
    assert (await desk.standing(LEAD, [reported])).judgement is Judgement.RIGHT
    await store.close()
