"""Nothing that one person or one outage does holds up the others."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from statistics import median

from aiohttp import web

from tests.faults.harness import SLOW, check, quiet, row
from tests.process import ready, rows, settings_for, until, with_alert_channel
from tests.standin import (
    GENERAL,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    StandIn,
    channel,
    only,
)
from tests.warm import bellwether
from tests.world import BENIGN, HATEFUL

pytestmark = SLOW

DELETED = "SELECT count(*) FROM actions WHERE kind = 'delete' AND status = 'done'"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS, SECONDS = 100, 10


def starred(chance: random.Random) -> str:
    """2,000 characters of words with stars in them, none ever seen before."""
    words = (
        "".join(chance.choices(LETTERS, k=3)) + "*" + "".join(chance.choices(LETTERS, k=4))
        for _ in range(230)
    )
    return " ".join(words)[:2_000]


async def test_hostile_texts_next_door(tmp_path: Path) -> None:
    """Ten texts a second that cost much to read, in one server; deletions in another."""
    chance = random.Random(9)
    waited: list[float] = []
    await with_alert_channel(tmp_path, NEIGHBOUR_MODERATORS, NEIGHBOUR)
    async with StandIn().serving() as standin:
        standin.next_door()
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            begun: dict[int, float] = {}
            for _ in range(TEXTS):
                await standin.say(starred(chance), keep=False)
                now = time.monotonic()
                begun[await standin.say(HATEFUL, where=NEIGHBOUR_GENERAL)] = now
                await asyncio.sleep(SECONDS / TEXTS)
            await until(lambda: begun.keys() <= standin.deleted_at.keys(), running)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        waited += [standin.deleted_at[identity] - then for identity, then in begun.items()]
        figures = check(tmp_path, standin)
    row(
        "texts of 2,000 characters of unseen starred words, deletions next door",
        times=TEXTS,
        **figures,
        next_door_ms=round(median(waited) * 1000),
        next_door_worst_ms=round(max(waited) * 1000),
    )


async def test_alerts_that_cannot_be_sent(tmp_path: Path) -> None:
    """Every alert is answered 503; deletions go on, and in the end one alert tells of all."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = only("503", "/messages", "POST")
            ids = []
            for number in range(10):
                ids.append(await standin.say(f"{HATEFUL} {number}"))
                await until(lambda: ids[-1] in standin.deleted_at, running, 20)
            meanwhile = len(standin.deleted)
            assert standin.sent == []
            standin.fault = lambda _request: ""
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    row("alerts answered 503, deletions meanwhile", times=meanwhile, **figures)


async def test_an_outage_longer_than_discord_remembers_nonces(tmp_path: Path) -> None:
    """The alert arrives, its answer is lost, and when it is tried again its nonce is forgotten."""
    lost = 0

    def fault(request: web.Request) -> str:
        nonlocal lost
        if request.method == "POST" and request.path.endswith("/messages") and lost < 2:
            lost += 1
            return "lose"
        return ""

    await with_alert_channel(tmp_path)
    async with StandIn(nonce_seconds=0).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = fault
            await standin.say(HATEFUL)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    assert lost
    row("answers to alerts lost, nonces forgotten", times=lost, **figures)


async def test_a_channel_in_which_deleting_is_refused(tmp_path: Path) -> None:
    """Bulk deletions of one channel are refused; in another everything is deleted."""
    other = GENERAL + 500
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        standin.channels[other] = channel(other, "other")

        def fault(request: web.Request) -> str:
            return "403" if f"/channels/{GENERAL}/" in request.path else ""

        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = fault
            refused = [await standin.say(f"{HATEFUL} {n}") for n in range(20)]
            gone = [await standin.say(f"{HATEFUL} {n}", where=other) for n in range(20)]
            await until(lambda: set(gone) <= standin.deleted_at.keys(), running)
            failed = "SELECT count(*) FROM actions WHERE kind = 'delete' AND status = 'failed'"
            await until(lambda: rows(tmp_path, failed)[0][0] == len(refused), running)
            assert await running.stop() == 0
        assert set(standin.deleted) == set(gone)
    row(
        "deleting refused in one channel",
        times=len(refused),
        messages=len(refused) + len(gone),
        deletions=len(gone),
    )


async def test_an_author_who_is_first(tmp_path: Path) -> None:
    """Of a bulk some are deleted by their author before; the others go all the same."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = only("delay", "bulk-delete", "POST")
            ids = [await standin.say(f"{HATEFUL} {n}") for n in range(30)]
            for identity in ids[::3]:
                await standin.take_back(identity)
            await standin.say(BENIGN)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        assert not set(ids) & standin.messages.keys()
        taken_back = len(ids[::3])
    row("messages their author deletes meanwhile", times=taken_back, messages=len(ids))
