"""Actions that a crash left unfinished are resumed once, and no alert is sent twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import (
    Case,
    CaseId,
    GuildId,
    Kind,
    Mode,
)
from bot.domain.snowflakes import time_at
from bot.enforcement.alert_channel import SentAlert
from bot.enforcement.alerting import Alerting
from bot.enforcement.recovery import Recovery
from tests import making
from tests.recording import Bench, Desk

ALL = (Kind.ALERT, Kind.DELETE, Kind.TIMEOUT)


def case(number: int, *kinds: Kind, mode: Mode = Mode.ENFORCE, **more: Any) -> Case:
    return Case(making.decision(number, *(kinds or ALL), mode=mode, **more))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (0.001,))
    async with Bench.open(tmp_path / "db") as opened:
        yield opened


@pytest.mark.parametrize(
    ("assigned", "stands", "left"),
    [
        (False, SentAlert(70, 9), [1, 2]),  # it was never assigned to an alert
        (True, None, [1, 2]),
        (True, SentAlert(70, 2), []),
        (True, SentAlert(70, 1), [2]),  # it does not count the second one yet
    ],
)
async def test_sent_alerts_are_not_repeated_after_a_restart(
    bench: Bench, stands: SentAlert | None, left: list[int], *, assigned: bool
) -> None:
    later = making.START + timedelta(hours=1)
    cases = await bench.journalled(case(1), case(2, at=later))
    if assigned:
        await bench.store.journal.assign(cases, [cases[0].id] * 2)
    if stands is not None:
        bench.desk.sent[cases[0].id] = stands
    mark_sent = await bench.alerting.mark_sent(cases)
    assert [each.id for each in mark_sent] == [each.id for each in cases]
    untold = [each.id.subject for each in mark_sent if Kind.ALERT not in each.outcomes]
    assert untold == left
    assert bench.desk.looked_since == ([time_at(cases[0].id.subject)] if assigned else [])


async def test_each_server_is_resumed_once_and_separately(bench: Bench) -> None:
    handed: list[list[int]] = []

    def hand_on(cases: Sequence[Case]) -> None:
        handed.append([each.id.subject for each in cases])

    recovery = Recovery(bench.alerting, hand_on)
    recovery.remember(await bench.journalled(case(1), case(2, guild=7), case(3)))
    recovery.resume()
    recovery.resume()
    await recovery.done()
    await recovery.stop()
    await recovery.done()
    assert sorted(handed) == [[1, 3], [2]]


async def test_cases_are_not_passed_on_after_an_unexpected_error(bench: Bench) -> None:
    handed: list[Case] = []
    cases = await bench.journalled(case(1))
    await bench.store.journal.assign(cases, [cases[0].id])
    blind = Alerting(Broken(), bench.book, bench.alerts, bench.store.journal)
    recovery = Recovery(blind, handed.extend)
    recovery.remember(cases)
    recovery.resume()
    await recovery.done()
    assert handed == []
    assert len(await bench.store.journal.unfinished()) == 1


class Broken(Desk):
    """An alert channel that cannot be read."""

    async def sent_since(self, guild: GuildId, since: datetime) -> dict[CaseId, SentAlert]:
        raise RuntimeError(f"{guild} {since}")
