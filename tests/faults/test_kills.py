"""`kill -9`, two processes at once, and what was decided against what was done."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

from bot.app.settings import Moderation
from bot.domain import Kind
from bot.policy.rules import decide
from model.scorer import Scorer
from tests import making
from tests.faults.harness import (
    KILLS,
    MEMBERS,
    SLOW,
    TEXTS,
    acted_on,
    check,
    quiet,
    row,
    stream,
)
from tests.process import (
    MESSAGES,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import StandIn
from tests.warm import bellwether

pytestmark = SLOW


async def test_kill_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    killed = 0
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        # Once in peace: what stood in a server before the bot came is none of its business.
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await until(lambda: rows(tmp_path, "SELECT * FROM watermarks"), running)
        for _ in range(KILLS):
            stop = asyncio.Event()
            writing = asyncio.create_task(stream(standin, chance, stop))
            try:
                async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
                    await ready(running)
                    await asyncio.sleep(chance.random() * 0.7)
                    running.process.send_signal(signal.SIGKILL)
                    killed += await running.process.wait() == -signal.SIGKILL
            finally:
                stop.set()
                await writing
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    assert killed == KILLS
    row("kill -9 at random moments", times=killed, **figures)


async def test_two_processes_on_one_shard(tmp_path: Path) -> None:
    """By mistake, on one database: the journal's keys let only one of them act on a message."""
    chance = random.Random(11)
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path)
        # One after the other: the stand-in greets whoever connected last.
        async with bellwether(tmp_path, settings) as first:
            await ready(first)
            async with bellwether(tmp_path, settings, log=tmp_path / "second") as second:
                await ready(second)
                standin.everybody = True
                for _ in range(150):
                    await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
                    await asyncio.sleep(0.01)
                await quiet(tmp_path, first, standin)
                assert await first.stop() == 0
                assert await second.stop() == 0
        figures = check(tmp_path, standin)
    too_many = len(standin.sockets) - 1
    row("two processes on one shard and database", times=too_many, **figures)


async def test_expected_and_done_agree(tmp_path: Path) -> None:
    """What was done is what the thresholds say, no more and no less."""
    scorer = Scorer.load()
    policy = Moderation().defaults(scorer.presets).policy()
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            ids = {await standin.say(text): text for text in TEXTS * 5}
            await quiet(tmp_path, running, standin)
            await until(lambda: len(rows(tmp_path, MESSAGES)) == len(ids), running)
            assert await running.stop() == 0
    due: dict[Kind, set[int]] = {kind: set() for kind in Kind}
    for identity, text in ids.items():
        for reason in decide(policy, making.post(), scorer.score([text])[0], "m").reasons:
            due[reason.kind].add(identity)
    for kind in Kind:
        assert set(acted_on(tmp_path, kind)) == due[kind]
