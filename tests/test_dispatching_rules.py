"""Which requests a case causes, in which order, and which are repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import (
    Case,
    ChannelId,
    GuildId,
    Kind,
    Mode,
    Note,
    Outcome,
    Status,
    failed,
)
from bot.enforcement.actuators import DONE
from bot.enforcement.alert_channel import AlertRemovedError, SentAlert
from bot.enforcement.breaker import PAUSE_SECONDS, REFUSALS, REFUSALS_IN_A_SERVER
from bot.enforcement.dispatcher import AT_ONCE, NOTICE_SECONDS
from bot.policy.entries import MODE, PING_ABOVE, PING_ROLE
from bot.retries import RefusedError, TemporaryError
from tests import making
from tests.recording import DESK, Bench

HERE = GuildId(2)
REFUSED = failed("failed.refused", reason="status 403")
NO_CHANNEL = failed("failed.no_channel")
ALL = (Kind.ALERT, Kind.DELETE, Kind.TIMEOUT)


def case(number: int, *kinds: Kind, mode: Mode = Mode.ENFORCE, **more: Any) -> Case:
    return Case(making.decision(number, *(kinds or ALL), mode=mode, **more))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (0.001,))
    async with Bench.open(tmp_path / "db") as opened:
        yield opened


async def test_each_kind_is_done_in_order_and_the_case_is_finished_once(bench: Bench) -> None:
    await bench.done(case(1))
    assert [what for what, _ in bench.desk.asked] == ["delete", "time_out", "send"]
    (ended,) = bench.finished
    assert ended.outcomes == dict.fromkeys(ALL, DONE)
    assert await bench.store.journal.unfinished() == []
    assert bench.dispatcher.problem(HERE) is None


async def test_finished_actions_are_not_repeated(bench: Bench) -> None:
    await bench.done(replace(case(1), outcomes={Kind.DELETE: DONE, Kind.ALERT: DONE}))
    assert bench.desk.asked == [("time_out", [1])]


@pytest.mark.parametrize(
    ("decided", "now", "acts"),
    [
        (Mode.ENFORCE, Mode.ENFORCE, True),
        (Mode.ENFORCE, Mode.OBSERVE, False),
        (Mode.OBSERVE, Mode.ENFORCE, False),
        (Mode.OBSERVE, Mode.OBSERVE, False),
    ],
)
async def test_nothing_is_enforced_unless_the_mode_was_and_is_enforce(
    bench: Bench, decided: Mode, now: Mode, *, acts: bool
) -> None:
    bench.book.put(HERE, {MODE: now})
    await bench.done(case(1, mode=decided))
    asked = {what for what, _ in bench.desk.asked}
    assert asked == ({"delete", "time_out", "send"} if acts else {"send"})
    status = Status.DONE if acts else Status.OBSERVED
    assert bench.finished[0].outcomes[Kind.DELETE].status is status
    assert bench.finished[0].outcomes[Kind.TIMEOUT].status is status


async def test_actions_that_fit_into_one_request_are_combined(bench: Bench) -> None:
    await bench.done(
        case(1, Kind.DELETE, channel=5),
        case(2, Kind.DELETE, channel=6),
        case(3, Kind.DELETE, channel=5, mode=Mode.OBSERVE),
        case(4, Kind.DELETE, channel=5),
        case(5, Kind.TIMEOUT, author=7),
        case(6, Kind.TIMEOUT, author=8, channel=5),
        case(7, Kind.TIMEOUT, author=7, channel=5),
    )
    assert sorted(bench.desk.asked) == [
        ("delete", [1, 4]),
        ("delete", [2]),
        ("time_out", [5, 7]),
        ("time_out", [6]),
    ]


async def test_no_more_actions_are_combined_than_discord_allows(bench: Bench) -> None:
    await bench.done(*[case(number, Kind.TIMEOUT) for number in range(101)])
    assert [len(subjects) for _, subjects in bench.desk.asked] == [100, 1]
    assert AT_ONCE == {Kind.DELETE: 100, Kind.TIMEOUT: 100, Kind.ALERT: 25}


async def test_an_unexpected_error_leaves_only_its_own_cases_pending(bench: Bench) -> None:
    bench.desk.answers["delete"] = [RuntimeError("unforeseen")]
    await bench.done(case(1, Kind.DELETE, channel=5), case(2, Kind.DELETE, channel=6))
    assert [each.id.subject for each in bench.finished] == [2]
    assert [each.id.subject for each in await bench.store.journal.unfinished()] == [1]


async def test_no_cases_are_accepted_after_a_stop(bench: Bench) -> None:
    await bench.dispatcher.stop()
    await bench.done(case(1))
    assert bench.desk.asked == []
    assert len(await bench.store.journal.unfinished()) == 1


async def test_a_stop_cancels_running_attempts(bench: Bench) -> None:
    bench.desk.answers["delete"] = [TemporaryError("status 503")] * 100_000
    bench.dispatcher.hand_on(await bench.journalled(case(1)))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await bench.dispatcher.stop()
        await bench.dispatcher.drained()
    tried = len(bench.desk.asked)
    await asyncio.sleep(0.01)
    assert len(bench.desk.asked) == tried > 0
    assert len(await bench.store.journal.unfinished()) == 1


async def test_a_failure_without_a_reason_is_no_problem_to_show(bench: Bench) -> None:
    bench.desk.outcomes[Kind.DELETE] = Outcome(Status.FAILED)
    await bench.done(case(1, Kind.DELETE))
    assert bench.finished[0].outcomes == {Kind.DELETE: Outcome(Status.FAILED)}
    assert bench.dispatcher.problem(HERE) is None


async def test_a_refusal_is_a_failure_with_its_reason(bench: Bench) -> None:
    bench.desk.answers["delete"] = [TemporaryError("status 503"), RefusedError("status 403")]
    await bench.done(case(1, Kind.DELETE))
    assert bench.desk.asked == [("delete", [1])] * 2
    assert bench.finished[0].outcomes == {Kind.DELETE: REFUSED}
    assert bench.dispatcher.problem(HERE) == REFUSED.note
    await bench.done(case(2, Kind.DELETE))
    assert bench.dispatcher.problem(HERE) is None


async def test_refused_requests_pause_in_their_channel_until_a_moderator_fixes_it(
    bench: Bench,
) -> None:
    bench.desk.outcomes[Kind.DELETE] = REFUSED
    for number in range(REFUSALS + 1):
        await bench.done(case(number, Kind.DELETE))
    assert len(bench.desk.asked) == REFUSALS
    assert bench.finished[-1].outcomes == {Kind.DELETE: failed("failed.paused")}
    assert bench.dispatcher.problem(HERE) == Note("failed.paused")
    await bench.done(case(20, Kind.DELETE, channel=99), case(21, Kind.DELETE, guild=7))
    assert len(bench.desk.asked) == REFUSALS + 2
    bench.dispatcher.forget_problem(GuildId(7))
    assert bench.dispatcher.problem(HERE) is not None
    bench.dispatcher.forget_problem(HERE)
    assert bench.dispatcher.problem(HERE) is None
    await bench.done(case(22, Kind.DELETE))
    assert len(bench.desk.asked) == REFUSALS + 3


async def test_moderators_are_notified_once_a_day_that_alerts_fail(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("bot.enforcement.dispatcher.time.monotonic", lambda: now[0])
    bench.desk.place_is = NO_CHANNEL
    for number, seconds in enumerate((0, 1, 86_399, 86_400)):
        now[0] = 1_000_000.0 + seconds
        await bench.done(case(number, Kind.ALERT))
    assert bench.desk.problems == [NO_CHANNEL.note] * 2
    await bench.done(case(9, Kind.ALERT, guild=7))
    assert len(bench.desk.problems) == 3


async def test_a_notice_that_could_not_be_sent_is_sent_a_minute_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("bot.enforcement.dispatcher.time.monotonic", lambda: now[0])
    bench.desk.place_is = NO_CHANNEL
    bench.desk.answers["report_problem"] = [RefusedError("status 403")]
    tried = []
    for number, seconds in enumerate((0, 59, 60)):
        now[0] = 1_000_000.0 + seconds
        await bench.done(case(number, Kind.ALERT))
        tried.append(sum(what == "report_problem" for what, _ in bench.desk.asked))
    assert tried == [1, 1, 2]


async def test_an_alert_that_could_not_be_sent_is_not_joined(bench: Bench) -> None:
    bench.desk.place_is = NO_CHANNEL
    await bench.done(case(1, Kind.ALERT))
    assert bench.finished[0].outcomes == {Kind.ALERT: NO_CHANNEL}
    bench.desk.place_is = DESK
    await bench.done(case(2, Kind.ALERT))
    assert bench.desk.asked[-1] == ("send", [2])


async def test_an_alert_counts_its_cases_and_the_journal_names_their_alert(bench: Bench) -> None:
    await bench.done(case(1, Kind.ALERT))
    await bench.done(case(2, Kind.ALERT))
    assert bench.desk.asked == [("send", [1]), ("update", [1, 2])]
    told = await bench.store.journal.told_by_alert(case(1).id)
    assert [each.id.subject for each in told] == [1, 2]


@pytest.mark.parametrize(
    ("change", "answer"),
    [("removed", AlertRemovedError()), ("moved", None), ("acted on", None)],
)
async def test_cases_after_a_removed_alert_get_a_new_one(
    bench: Bench, change: str, answer: Exception | None
) -> None:
    await bench.done(case(1, Kind.ALERT))
    if answer is not None:
        bench.desk.answers["update"] = [answer]
    if change == "moved":
        bench.desk.place_is = ChannelId(31)
    if change == "acted on":
        await bench.alerts.close_and_wait(case(1).id)
    await bench.done(case(2, Kind.ALERT))
    assert bench.desk.asked[-1] == ("send", [2])


async def test_a_case_that_no_moderator_has_seen_is_not_recorded_with_a_closed_alert(
    bench: Bench,
) -> None:
    first, second = await bench.journalled(case(1, Kind.ALERT), case(2, Kind.ALERT))
    await bench.alerting.alert([first])
    alert = bench.alerts.join(first, pings=False)
    async with alert.showing:
        joining = asyncio.create_task(bench.alerting.alert([second]))
        closing = asyncio.create_task(bench.alerts.close_and_wait(first.id))
        await asyncio.sleep(0.1)
    await closing
    _, leads = await joining
    assert leads == [second.id]
    assert [each.id for each in await bench.store.journal.told_by_alert(first.id)] == [first.id]


async def test_a_refused_alert_does_not_fail_others(bench: Bench) -> None:
    bench.desk.answers["send"] = [RefusedError("status 403")]
    await bench.done(case(1, Kind.ALERT), case(2, Kind.ALERT, author=5, at=LATER))
    assert bench.finished[0].outcomes == {Kind.ALERT: REFUSED}
    assert bench.finished[1].outcomes == {Kind.ALERT: DONE}


async def test_an_alert_that_fails_costs_no_request_for_those_before_it(bench: Bench) -> None:
    bench.desk.answers["send"] = [None, TemporaryError("status 503")]
    await bench.done(case(1, Kind.ALERT), case(2, Kind.ALERT, author=5, at=LATER))
    assert bench.desk.asked == [("send", [1]), ("send", [2]), ("send", [2])]


async def test_an_alert_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(
    bench: Bench,
) -> None:
    bench.desk.answers["send"] = [TemporaryError("the line broke")]
    bench.desk.sent[case(1).id] = SentAlert(77, 1)
    await bench.done(case(1, Kind.ALERT))
    assert [what for what, _ in bench.desk.asked] == ["send", "update"]
    assert bench.desk.looked_since == [making.START]


LATER = making.START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("score", "above", "role", "pinged"),
    [(0.9, 0.9, 5, True), (0.9, 0.91, 5, False), (0.9, 0.5, None, False)],
)
async def test_who_is_pinged(
    bench: Bench, score: float, above: float, role: int | None, *, pinged: bool
) -> None:
    bench.book.put(HERE, {PING_ABOVE: above} | ({} if role is None else {PING_ROLE: role}))
    assert case(1).decision.reasons[0].score == score
    await bench.done(case(1, Kind.ALERT))
    found = bench.alerts.close(case(1).id)
    assert found is not None
    assert found.pinged is pinged


# ------------------------------------------------------------------ what a breaker pauses


def test_the_breakers_limits_are_those_of_the_design_page() -> None:
    assert (REFUSALS, REFUSALS_IN_A_SERVER, PAUSE_SECONDS) == (5, 20, 300)
    assert NOTICE_SECONDS == 24 * 3_600


@pytest.mark.parametrize("refused", [Kind.DELETE, Kind.TIMEOUT])
async def test_five_refusals_pause_that_kind_there_and_nothing_else(
    bench: Bench, refused: Kind
) -> None:
    bench.desk.outcomes[refused] = REFUSED
    for number in range(5):
        await bench.done(case(number, refused))
    bench.desk.outcomes.clear()
    await bench.done(case(10, refused))
    assert bench.finished[-1].outcomes == {refused: failed("failed.paused")}
    others = [case(11, kind) for kind in ALL if kind is not refused]
    others.append(case(12, refused, guild=7))
    if refused is Kind.DELETE:
        others.append(case(13, refused, channel=9))
    for other in others:
        await bench.done(other)
        assert list(bench.finished[-1].outcomes.values()) == [DONE]


async def test_twenty_refusals_pause_a_server_whatever_the_channel(bench: Bench) -> None:
    bench.desk.outcomes[Kind.DELETE] = REFUSED
    for number in range(21):
        await bench.done(case(number, Kind.DELETE, channel=100 + number))
    asked = [subjects for what, subjects in bench.desk.asked if what == "delete"]
    assert len(asked) == 20
    bench.desk.outcomes.clear()
    await bench.done(case(50, Kind.DELETE, guild=7))
    assert bench.finished[-1].outcomes == {Kind.DELETE: DONE}
