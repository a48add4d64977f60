"""Requests that fail, the buttons' too, and an alert channel that is gone."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from tests.faults.harness import SLOW, check, row, run_with
from tests.process import ready, rows, settings_for, until, with_alert_channel
from tests.standin import StandIn, only
from tests.warm import bellwether
from tests.world import BORDERLINE, HATEFUL

pytestmark = SLOW

FAILED = "SELECT count(*) FROM actions WHERE kind = 'alert' AND status = 'failed'"
DELETED = "SELECT count(*) FROM actions WHERE kind = 'delete' AND status = 'done'"


@pytest.mark.parametrize("kind", ["429", "500", "503", "delay", "drop", "lose"])
async def test_requests_that_fail(tmp_path: Path, kind: str) -> None:
    """Two of five fail, but never one four times running: the fifth try is half a minute away."""
    chance = random.Random(3)
    tried = Counter[str]()
    in_a_row = Counter[str]()

    def fault(request: web.Request) -> str:
        asked = f"{request.method} {request.path}"
        hit = chance.random() < 0.4 and in_a_row[asked] < 3
        in_a_row[asked] = in_a_row[asked] + 1 if hit else 0
        tried[kind] += hit
        return kind if hit else ""

    trial = await run_with(tmp_path, fault=fault, messages=200, pace=0.02)
    assert tried[kind]
    row(f"requests answered by: {kind}", times=tried[kind], **trial.figures)


@pytest.mark.parametrize("kind", ["429", "500", "503", "delay", "drop", "lose"])
async def test_a_button_is_good_again_after_its_answer_failed(tmp_path: Path, kind: str) -> None:
    tried = Counter[str]()
    failing = only(kind, "/callback", "POST")

    def once(request: web.Request) -> str:
        hit = failing(request) if tried[kind] == 0 else ""
        tried[kind] += bool(hit)
        return hit

    await with_alert_channel(tmp_path)
    async with StandIn(fault=once).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            message = await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
            alert = standin.sent[0]["id"]
            await standin.click(alert, "delete", by=7001)
            await until(lambda: tried[kind], running)
            await standin.click(alert, "delete", by=7002)
            await until(lambda: message in standin.deleted, running)
            assert await running.stop() == 0
        deletions = standin.deleted.count(message)
        twice = deletions - 1
    assert deletions == 1
    row(
        f"a click's answer answered by: {kind}",
        times=tried[kind],
        lost=1 - deletions,
        doubled=twice,
    )


async def test_the_alert_channel_is_deleted_and_chosen_anew(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        await with_alert_channel(tmp_path, channel_id=4444)
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            said = [await standin.say(HATEFUL) for _ in range(10)]
            await until(lambda: rows(tmp_path, DELETED)[0][0] == len(said), running)
            await until(lambda: rows(tmp_path, FAILED)[0][0] == len(said), running)
            assert await running.stop() == 0
        asked = [r for r in standin.requests if "/4444/" in r]
    failed, logged = rows(tmp_path, FAILED)[0][0], running.logged().count("alert_channel_gone")
    assert logged == 1
    assert asked == []
    row("alert channel gone", times=failed, logged=logged, requests=len(asked))


async def test_only_what_was_deleted_already_is_unknown(tmp_path: Path) -> None:
    """Members take back some of what is due to be deleted; the rest goes all the same."""
    taken_back = []
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = only("503", "/messages")
            said = [await standin.say(f"{HATEFUL} {number}") for number in range(20)]
            for identity in said[::2]:
                await standin.take_back(identity)
                taken_back.append(identity)
            standin.fault = lambda _request: ""
            await until(lambda: rows(tmp_path, DELETED)[0][0] == len(said), running)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    assert set(standin.deleted) == set(said) - set(taken_back)
    row("deleted by their authors first", times=len(taken_back), **figures)
