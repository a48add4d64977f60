"""What the fault tests share: chat, disturbances, and the count of what came of it."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.domain import POSTED, Kind, Revision, edited
from tests.fault_table import ROWS
from tests.process import (
    Running,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import BOT, StandIn
from tests.warm import bellwether
from tests.world import BENIGN, BORDERLINE, HATEFUL

SLOW = [pytest.mark.faults, pytest.mark.timeout(3_600)]

KILLS = int(os.environ.get("KILLS", "100"))
TEXTS = (BENIGN, "see you at eight", "good game", BORDERLINE, "you stupid idiot", HATEFUL)
LATELY = 50
"""People edit what they have just written; the bot, when it is back, looks at a page of 100."""
MOST_AT_ONCE = 150
BEFORE_A_START = 100
"""So many of them while the bot is away, which has to catch up on them."""
MEMBERS = tuple(range(2002, 2010))

Figures = dict[str, int]

MESSAGES = "FROM cases WHERE surface = 'message'"


def row(what: str, **figures: int) -> None:
    """Leave a row of the fault table. Every figure is to be counted, none written by hand.

    Two processes write at the same time, so a row is one write, and says where in the table it goes.
    """
    test = inspect.stack()[1]
    place = f"{Path(test.filename).stem}:{test.frame.f_code.co_firstlineno:04}"
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as sink:
        sink.write(json.dumps({"what": what, "place": place, **figures}) + "\n")


async def quiet(folder: Path, running: Running, standin: StandIn) -> None:
    """Wait until every message is journalled as it stands and nothing is left to do."""

    def settled() -> bool:
        known = dict(rows(folder, f"SELECT subject_id, max(revision) {MESSAGES} GROUP BY 1"))
        pending = rows(folder, "SELECT count(*) FROM actions WHERE status = 'pending'")[0][0]
        return pending == 0 and all(
            identity in known and known[identity] >= revision
            for identity, revision in standing(standin).items()
        )

    await until(settled, running, 150)


def standing(standin: StandIn) -> dict[int, Revision]:
    """Members' messages that stand, and as what they stand; a later edit is a greater revision."""
    found = {}
    for identity, message in standin.messages.items():
        if int(message["author"]["id"]) != BOT:
            when = message["edited_timestamp"]
            at = None if when is None else datetime.fromisoformat(when)
            found[identity] = POSTED if at is None else edited(at)
    return found


def told(standin: StandIn) -> list[tuple[tuple[str, ...], int]]:
    """The alerts in the channel: the case that each leads with, and of how many it tells."""
    found = []
    for message in standin.messages.values():
        if int(message["author"]["id"]) != BOT or not message["embeds"]:
            continue
        ids = [i["custom_id"] for r in message["components"] for i in r["components"]]
        lead = next(i for i in ids if i.startswith("bw:delete:")).split(":")[2:]
        title = message["embeds"][0]["title"]
        count = int(title.split("· ")[-1].split()[0]) if title.endswith("×") else 1
        found.append((tuple(lead), count))
    return found


def check(folder: Path, standin: StandIn) -> Figures:
    """Count what was decided and done; fail unless each was done exactly once.

    *Lost* are messages without a decision as they stand, and decisions that nothing came of;
    *doubled* are second decisions on one message as it stands, and whatever was done twice or
    without being decided.
    """
    journal = Counter(rows(folder, f"SELECT subject_id, revision {MESSAGES}"))
    unread = standing(standin).items() - journal.keys()
    stuck = rows(folder, "SELECT * FROM actions WHERE status IN ('pending', 'failed')")

    alerts = "FROM actions WHERE kind = 'alert'"
    decided = Counter[tuple[str, ...]]()
    leads = "FROM actions LEFT JOIN cases c ON c.id = alert_case_id WHERE kind = 'alert'"
    for lead in rows(folder, f"SELECT c.surface, c.subject_id, c.revision {leads}"):
        decided[tuple(map(str, lead))] += 1
    seen = Counter[tuple[str, ...]]()
    for key, count in told(standin):
        seen[key] += count

    due = set(acted_on(folder, Kind.DELETE))
    deleted = Counter(standin.deleted)
    undone = due & standing(standin).keys()
    undecided = deleted.keys() - due

    counted = {
        "messages": len({identity for identity, _ in journal}),
        "alerts": rows(folder, f"SELECT count(*) {alerts}")[0][0],
        "deletions": len(due),
        "lost": len(unread) + len(stuck) + (decided - seen).total() + len(undone),
        "doubled": repeated(journal)
        + (seen - decided).total()
        + repeated(deleted)
        + len(undecided),
    }
    assert (counted["lost"], counted["doubled"]) == (0, 0), {
        "unread": unread,
        "stuck": stuck,
        "alerts not seen": decided - seen,
        "deletions not seen": undone,
        "decided again": [key for key, number in journal.items() if number > 1],
        "alerted again": seen - decided,
        "deleted again": [key for key, number in deleted.items() if number > 1],
        "deleted undecided": undecided,
    }
    return counted


def acted_on(folder: Path, kind: Kind) -> list[int]:
    """The messages about which one kind of action was due."""
    sql = "SELECT c.subject_id FROM actions JOIN cases c ON c.id = case_id WHERE kind ="
    return [subject for (subject,) in rows(folder, f"{sql} '{kind}'")]


def repeated(found: Counter[Any]) -> int:
    """How many there are beyond one of each."""
    return found.total() - len(found)


async def stream(standin: StandIn, chance: random.Random, stop: asyncio.Event) -> None:
    """Chat as fast as a busy server: messages, edits and deletions by their authors.

    What comes before a start comes at once; nobody is there to see how fast.
    """
    for number in range(MOST_AT_ONCE):  # or a slow machine would fall behind for good
        if stop.is_set():
            return
        what = chance.random()
        mine = [
            identity
            for identity, message in standin.messages.items()
            if int(message["author"]["id"]) != BOT
        ]
        if what < 0.75 or not mine:
            await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
        elif what < 0.9:
            await standin.edit(chance.choice(mine[-LATELY:]), chance.choice(TEXTS))
        else:
            await standin.take_back(chance.choice(mine))
        if number >= BEFORE_A_START:
            await asyncio.sleep(chance.random() * 0.06)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a disturbed run ended."""

    figures: Figures
    running: Running
    standin: StandIn
    disturbed: int
    """How often something was done to disturb it."""


async def run_with(
    folder: Path,
    disturbances: tuple[Callable[[StandIn], Awaitable[object]], ...] = (),
    fault: Callable[[web.Request], str] = lambda _request: "",
    *,
    messages: int = 60,
    pace: float = 0.0,
    ahead_seconds: int = 0,
    **settings: str,
) -> Trial:
    """Chat while something goes wrong; check that in the end all is as if nothing had."""
    chance = random.Random(7)
    disturbed = 0
    await with_alert_channel(folder)
    async with StandIn(ahead_seconds=ahead_seconds).serving() as standin:
        async with bellwether(folder, settings_for(standin, folder, **settings)) as running:
            await ready(running)
            standin.fault = fault
            for number in range(messages):
                await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
                await asyncio.sleep(pace)
                if number == messages // 2:
                    for disturb in disturbances:
                        await disturb(standin)
                        disturbed += 1
            await quiet(folder, running, standin)
            standin.fault = lambda _request: ""
            assert await running.stop() == 0
        return Trial(check(folder, standin), running, standin, disturbed)
