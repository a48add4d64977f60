"""What moderators can do from an alert: permissions, refusals, and what is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.desk.alerts import DURATIONS, Target
from bot.desk.people import Asker, RefusalError
from bot.domain import (
    Act,
    Case,
    GuildId,
    Judgement,
    Kind,
    Note,
    Outcome,
    Reason,
    Status,
    Surface,
    UserId,
    failed,
)
from bot.retries import TemporaryError
from tests import making
from tests.desk_bench import DeskBench

LEAD = making.case_id(1)
MORGAN, ROBIN = Asker(UserId(9)), Asker(UserId(8))
REFUSED = failed("failed.refused", reason="status 403")
NOBODY = making.case_id(404)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[DeskBench]:
    async with DeskBench.open(tmp_path) as opened:
        yield opened


def case(
    number: int = 1, *kinds: Kind, outcomes: dict[Kind, Outcome] | None = None, **more: Any
) -> Case:
    return Case(making.decision(number, *(kinds or (Kind.ALERT,)), **more), outcomes or {})


async def refusal(work: Any) -> Note:
    with pytest.raises(RefusalError) as refused:
        await work
    return refused.value.note


async def test_an_alert_that_is_erased_has_no_buttons_that_work(bench: DeskBench) -> None:
    for work in (
        bench.desk.delete(NOBODY, MORGAN),
        bench.desk.time_out(NOBODY, MORGAN, 10),
        bench.desk.lift(NOBODY, MORGAN),
        bench.desk.judge(NOBODY, MORGAN, Judgement.RIGHT),
        bench.desk.targets(NOBODY, MORGAN),
    ):
        assert (await refusal(work)).key == "refused.no_record"
    assert bench.discord.done == []


async def test_nothing_joins_an_alert_after_the_first_click(bench: DeskBench) -> None:
    await bench.told(case(1), case(2))
    opened = bench.alerts.join(case(1), pings=False)
    found = await bench.desk.record(LEAD)
    assert [each.id.subject for each in found.cases] == [1, 2]
    assert opened.closed


def test_two_people_handle_one_alert_one_after_the_other(bench: DeskBench) -> None:
    lock = bench.desk.lock(LEAD)
    assert bench.desk.lock(LEAD) is lock
    assert bench.desk.lock(NOBODY) is not lock


# ------------------------------------------------------------------ delete


async def test_delete_removes_every_message_channel_by_channel(bench: DeskBench) -> None:
    await bench.told(
        case(1),
        case(2, channel=5),
        case(3),
        case(4, surface=Surface.NICKNAME, channel=6),
    )
    deleted = await bench.desk.delete(LEAD, MORGAN)
    assert [each.id.subject for each in deleted.done] == [1, 2, 3]
    assert bench.discord.done == [
        ("may delete", 9, 2, 3),
        ("may delete", 9, 2, 5),
        ("delete", 1, 3),
        ("delete", 2),
    ]
    assert await bench.acted() == [(Act.DELETE, 9, 0)]
    for number in (2, 3):
        assert await bench.acted(number)
    note = await refusal(bench.desk.delete(LEAD, ROBIN))
    assert note == Note("act.deleted_already", {"by": "<@9>"})
    assert len(bench.discord.acts()) == 2


async def test_what_was_deleted_before_a_failure_is_recorded(bench: DeskBench) -> None:
    await bench.told(case(1), case(2, channel=5), case(3, channel=6))
    bench.discord.errors[5] = TemporaryError("status 503")
    result = await bench.desk.delete(LEAD, MORGAN)
    assert [each.id.subject for each in result.done] == [1, 3]
    assert result.refusal == Note("failed.refused", {"reason": "status 503"})
    assert [bool(await bench.acted(number)) for number in (1, 2, 3)] == [True, False, True]


async def test_only_the_chosen_messages_and_people_are_meant(bench: DeskBench) -> None:
    await bench.told(case(1), case(2, author=5), case(3, author=6))
    await bench.desk.delete(LEAD, MORGAN, {making.case_id(2), NOBODY})
    await bench.desk.time_out(LEAD, MORGAN, 10, {UserId(5), UserId(6), UserId(77)})
    await bench.desk.lift(LEAD, MORGAN, {UserId(6)})
    await bench.desk.judge(LEAD, MORGAN, Judgement.RIGHT, {making.case_id(3)})
    assert bench.discord.acts()[0] == ("delete", 2)
    acts = [[act for act, _, _ in await bench.acted(number)] for number in (1, 2, 3)]
    assert acts == [[], [Act.DELETE, Act.TIMEOUT], [Act.TIMEOUT, Act.UNDO]]
    assert set((await bench.desk.record(LEAD)).judgements) == {making.case_id(3)}
    # Of all of them, those whose time-out runs are skipped.
    assert [target.id for target in (await bench.desk.time_out(LEAD, ROBIN, 60)).done] == [4, 6]


async def test_without_the_permission_in_one_channel_nothing_is_deleted(bench: DeskBench) -> None:
    await bench.told(case(1), case(2, channel=5))
    bench.discord.refusals[5] = Note("refused.channel")
    assert await refusal(bench.desk.delete(LEAD, MORGAN)) == Note("refused.channel")
    assert (bench.discord.acts(), await bench.acted()) == ([], [])


async def test_a_missing_permission_is_said_before_what_others_did(bench: DeskBench) -> None:
    await bench.told(case(1))
    await bench.desk.delete(LEAD, MORGAN)
    bench.discord.refusals[3] = Note("refused.channel")
    assert await refusal(bench.desk.delete(LEAD, ROBIN)) == Note("refused.channel")


async def test_a_failed_deletion_is_not_recorded(bench: DeskBench) -> None:
    await bench.told(case(1))
    bench.discord.outcome = REFUSED
    assert await refusal(bench.desk.delete(LEAD, MORGAN)) == REFUSED.note
    bench.discord.outcome = Outcome(Status.FAILED)
    assert (await refusal(bench.desk.delete(LEAD, MORGAN))).key == "failed.refused"
    assert await bench.acted() == []
    assert not (await bench.desk.record(LEAD)).state.deleted


# ------------------------------------------------------------------ time-outs


async def test_a_time_out_is_for_each_author_once(bench: DeskBench) -> None:
    await bench.told(case(1, author=7), case(2, author=4), case(3, author=7))
    before = datetime.now(UTC)
    result = await bench.desk.time_out(LEAD, MORGAN, 60)
    after = datetime.now(UTC)
    assert ([target.id for target in result.done], result.refused) == ([7, 4], [])
    for done, member in zip(bench.discord.acts(), (7, 4), strict=True):
        _, guild, user, until, reason, lifting = done
        assert (guild, user, reason, lifting) == (2, member, "Bellwether: 9 from an alert", None)
        assert before <= until - timedelta(minutes=60) <= after
    for number in (1, 2, 3):
        assert await bench.acted(number) == [(Act.TIMEOUT, 9, 60)]
    assert await bench.acted(3)


async def test_a_running_time_out_is_not_repeated_until_it_is_lifted(bench: DeskBench) -> None:
    await bench.told(case(1))
    await bench.desk.time_out(LEAD, MORGAN, 60)
    note = await refusal(bench.desk.time_out(LEAD, ROBIN, 10))
    assert note == Note("act.timed_out_already", {"by": "<@9>"})
    assert [target.id for target in (await bench.desk.lift(LEAD, ROBIN)).done] == [4]
    await bench.desk.time_out(LEAD, ROBIN, 10)
    assert await bench.acted() == [
        (Act.TIMEOUT, 9, 60),
        (Act.UNDO, 8, 0),
        (Act.TIMEOUT, 8, 10),
    ]
    note = await refusal(bench.desk.time_out(LEAD, MORGAN, 10))
    assert note.values == {"by": "<@8>"}  # who gave the running one


async def test_an_expired_time_out_can_be_given_again(bench: DeskBench) -> None:
    await bench.told(case(1))
    await bench.store.verdicts.acted([LEAD], Act.TIMEOUT, UserId(9), minutes=0)
    assert not (await bench.desk.record(LEAD)).state.timed_out
    assert (await bench.desk.time_out(LEAD, MORGAN, 10)).done


async def test_people_who_cannot_be_timed_out_are_named(bench: DeskBench) -> None:
    await bench.told(case(1, author=7), case(2, author=4), case(3, author=5, webhook=True))
    higher = Note("refused.higher")
    bench.discord.refusals[7] = higher
    targets = await bench.desk.targets(LEAD, MORGAN)
    assert [target.id for target in targets.done] == [4]
    assert targets.refused == [Target(UserId(7), "member 7", higher)]
    assert bench.discord.acts() == []
    bench.discord.outcome = REFUSED
    result = await bench.desk.time_out(LEAD, MORGAN, 10)
    assert result.done == []
    assert result.refused == [targets.refused[0], Target(UserId(4), "member 4", REFUSED.note)]
    bench.discord.outcome = Outcome(Status.FAILED)
    unexplained = (await bench.desk.time_out(LEAD, MORGAN, 10)).refused[1].refusal
    assert unexplained is not None
    assert unexplained.key == "failed.refused"
    assert await bench.acted() == []
    await bench.desk.lift(LEAD, MORGAN)
    assert await bench.acted() == []


async def test_each_time_out_is_recorded_before_the_next(bench: DeskBench) -> None:
    await bench.told(*(case(number, author=number + 3) for number in (1, 2, 3)))
    bench.discord.errors = {-4: TemporaryError("status 503"), 6: asyncio.CancelledError()}
    with pytest.raises(asyncio.CancelledError):
        await bench.desk.time_out(LEAD, MORGAN, 60)
    assert [bool(await bench.acted(number)) for number in (1, 2, 3)] == [False, True, False]
    del bench.discord.errors[6]
    (refused,) = (await bench.desk.time_out(LEAD, MORGAN, 60)).refused
    assert (refused.id, refused.refusal) == (4, Note("failed.refused", {"reason": "status 503"}))


async def test_a_webhook_cannot_be_timed_out(bench: DeskBench) -> None:
    await bench.told(case(1, webhook=True))
    assert await refusal(bench.desk.targets(LEAD, MORGAN)) == Note("failed.webhook")


@pytest.mark.parametrize(
    ("bots", "moderators", "lifting"),
    [
        ([10, 30], [], 30),
        ([10], [60, 20], 60 * 24 * 3_000),  # given just now, long after the messages
    ],
)
async def test_undo_does_not_lift_a_longer_time_out_of_others(
    bench: DeskBench, bots: list[int], moderators: list[int], lifting: int
) -> None:
    alert = Reason(Kind.ALERT, "hate", 0.9, 0.5)
    decisions = [
        replace(
            making.decision(number),
            reasons=(alert, replace(alert, kind=Kind.TIMEOUT, minutes=minutes)),
        )
        for number, minutes in enumerate(bots, 1)
    ]
    await bench.told(*map(Case, decisions))
    for minutes in moderators:
        await bench.store.verdicts.acted([LEAD], Act.TIMEOUT, UserId(9), minutes=minutes)
    now = datetime.now(UTC)
    await bench.desk.lift(LEAD, ROBIN)
    _, _, _, until, reason, end = bench.discord.acts()[0]
    assert (until, reason) == (None, "Bellwether: undone by 8")
    if moderators:
        assert abs(end - now - timedelta(minutes=60)) < timedelta(minutes=5)
    else:
        assert end == making.START + timedelta(minutes=lifting)


def test_the_choices_of_a_length_end_with_discords_longest() -> None:
    assert DURATIONS == (10, 60, 1_440, 10_080, 40_320)


# ------------------------------------------------------------------ judging


async def test_a_verdict_is_on_every_message_and_the_latest_one_counts(bench: DeskBench) -> None:
    await bench.told(case(1), case(2))
    before = await bench.desk.judge(LEAD, MORGAN, Judgement.FALSE_POSITIVE)
    assert before.judgements == {}
    assert (await bench.desk.record(LEAD)).judgements == {
        making.case_id(1): Judgement.FALSE_POSITIVE,
        making.case_id(2): Judgement.FALSE_POSITIVE,
    }
    note = await refusal(bench.desk.judge(LEAD, ROBIN, Judgement.FALSE_POSITIVE))
    assert note == Note("act.judged_already")
    await bench.desk.judge(LEAD, ROBIN, Judgement.RIGHT)
    (first, second) = await bench.store.verdicts.verdicts(GuildId(2), "m")
    assert (first.judgement, first.given_by, first.harm) == (Judgement.RIGHT, 8, "hate")
    assert second.decision.post.id == making.case_id(2)
    assert abs(first.given_at - datetime.now(UTC)) < timedelta(minutes=5)
