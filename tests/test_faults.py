"""What goes wrong at night: the bot as a process on a Discord that misbehaves, and `kill -9`.

Run by `make test-faults`; each test leaves a row of what was tried how often and what was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from statistics import median

import pytest
from aiohttp import web

from bot.app.settings import Moderation
from bot.domain import Kind
from bot.policy.rules import decide
from model.scorer import Scorer
from tests.process import (
    DATABASE,
    MESSAGES,
    Running,
    bellwether,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import (
    BOT,
    GUILD,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    StandIn,
)
from tests.test_policy import POST
from tests.world import BENIGN, BORDERLINE, HATEFUL

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3_600)]

KILLS = int(os.environ.get("KILLS", "100"))
TEXTS = (BENIGN, "see you at eight", "good game", BORDERLINE, "you stupid idiot", HATEFUL)
LATELY = 50
"""People edit what they have just written; the bot, when it is back, looks at a page of 100."""
MOST_AT_ONCE = 150
MEMBERS = tuple(range(2002, 2010))
ROWS = Path("runs/faults.jsonl")


def row(what: str, **figures: object) -> None:
    """Leave a row of the fault table."""
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as sink:
        sink.write(json.dumps({"what": what, **figures}) + "\n")


async def quiet(folder: Path, running: Running, standin: StandIn) -> None:
    """Wait until every message is journalled as it stands and nothing is left to do."""

    def settled() -> bool:
        known = dict(rows(folder, "SELECT message_id, max(revision) FROM scores GROUP BY 1"))
        pending = rows(folder, "SELECT count(*) FROM actions WHERE status = 'pending'")[0][0]
        return pending == 0 and all(
            known.get(identity, -1) >= revision for identity, revision in standing(standin).items()
        )

    await until(settled, running, 150)


def standing(standin: StandIn) -> dict[int, int]:
    """Members' messages that stand, and the time of their last edit in microseconds."""
    found = {}
    for identity, message in standin.messages.items():
        if int(message["author"]["id"]) != BOT:
            edited = message["edited_timestamp"]
            found[identity] = 0 if edited is None else micro(edited)
    return found


def micro(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)


def told(standin: StandIn) -> Counter[tuple[int, int]]:
    """How many messages each alert in the channel tells of, by its first one; twice is an error."""
    found: Counter[tuple[int, int]] = Counter()
    for message in standin.messages.values():
        if int(message["author"]["id"]) != BOT or not message["embeds"]:
            continue
        ids = [i["custom_id"] for r in message["components"] for i in r["components"]]
        lead = next(i for i in ids if i.startswith("bw:delete:")).split(":")[2:]
        key = int(lead[0]), int(lead[1])
        assert key not in found, f"two alerts of {key}"
        title = message["embeds"][0]["title"]
        found[key] = int(title.split("· ")[-1].split()[0]) if title.endswith("×") else 1
    return found


def check(folder: Path, standin: StandIn) -> dict[str, int]:
    """Exactly one decision for each message that stands, one visible effect for each action."""
    journal = rows(folder, "SELECT message_id, revision FROM scores")
    assert len(journal) == len(set(journal))
    known = {identity for identity, _ in journal}
    lost = standing(standin).items() - set(journal)
    assert not lost, f"{len(lost)} messages lost, or what they were edited to"
    bad = rows(folder, "SELECT * FROM actions WHERE status IN ('pending', 'failed')")
    assert bad == []
    alerts = rows(folder, "SELECT count(*) FROM actions WHERE kind = 'alert'")[0][0]
    groups = rows(
        folder,
        "SELECT group_message_id, group_revision, count(*) FROM actions WHERE kind = 'alert'"
        " GROUP BY 1, 2",
    )
    seen = told(standin)
    assert seen == Counter({(a, b): count for a, b, count in groups})
    assert sum(seen.values()) == alerts
    deleted = {r[0] for r in rows(folder, "SELECT message_id FROM actions WHERE kind = 'delete'")}
    assert len(standin.deleted) == len(set(standin.deleted))
    assert not deleted & standing(standin).keys(), "a deletion was decided and not seen"
    assert set(standin.deleted) <= deleted, "something was deleted that nobody decided to"
    return {"messages": len(known), "alerts": alerts, "deletions": len(deleted)}


async def stream(standin: StandIn, chance: random.Random, stop: asyncio.Event) -> None:
    """Chat as fast as a busy server: messages, edits and deletions by their authors."""
    for _ in range(MOST_AT_ONCE):  # or a slow machine would fall behind for good
        if stop.is_set():
            return
        what = chance.random()
        mine = list(standing(standin))
        if what < 0.75 or not mine:
            await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
        elif what < 0.9:
            await standin.edit(chance.choice(mine[-LATELY:]), chance.choice(TEXTS))
        else:
            await standin.take_back(chance.choice(mine))
        await asyncio.sleep(chance.random() * 0.06)


async def test_kill_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20261121)
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
                    await running.process.wait()
            finally:
                stop.set()
                await writing
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    row("kill -9 at random moments", times=KILLS, **figures, lost=0, doubled=0)


async def run_with(
    tmp_path: Path,
    disturb: Callable[[StandIn, Running], Awaitable[None]],
    fault: Callable[[web.Request], str] = lambda _request: "",
    *,
    messages: int = 60,
    pace: float = 0.0,
    ahead_seconds: int = 0,
    **settings: str,
) -> tuple[dict[str, int], Running]:
    """Chat while something goes wrong; check that in the end all is as if nothing had."""
    chance = random.Random(7)
    await with_alert_channel(tmp_path)
    async with StandIn(ahead_seconds=ahead_seconds).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path, **settings)) as running:
            await ready(running)
            standin.fault = fault
            for number in range(messages):
                await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
                await asyncio.sleep(pace)
                if number == messages // 2:
                    await disturb(standin, running)
            await quiet(tmp_path, running, standin)
            standin.fault = lambda _request: ""
            assert await running.stop() == 0
        return check(tmp_path, standin), running


async def nothing(standin: StandIn, running: Running) -> None:
    del standin, running


@pytest.mark.parametrize("kind", ["429", "500", "503", "delay", "drop", "lose"])
async def test_requests_that_fail(tmp_path: Path, kind: str) -> None:
    chance = random.Random(3)
    tried = Counter[str]()

    def fault(request: web.Request) -> str:
        del request
        hit = chance.random() < 0.4
        tried[kind] += hit
        return kind if hit else ""

    figures, _ = await run_with(tmp_path, nothing, fault, messages=200, pace=0.02)
    assert tried[kind]
    row(f"requests answered by: {kind}", times=tried[kind], **figures, lost=0, doubled=0)


@pytest.mark.parametrize("forget", [False, True], ids=["resumed", "new session"])
async def test_the_line_breaks_in_mid_burst(tmp_path: Path, *, forget: bool) -> None:
    async def disturb(standin: StandIn, running: Running) -> None:
        del running
        await standin.hang_up(forget=forget)

    figures, _ = await run_with(tmp_path, disturb)
    how = "not resumed" if forget else "resumed"
    row(f"connection lost in mid-burst, {how}", times=1, **figures, lost=0, doubled=0)


GARBAGE = (
    "{not json",
    "[]",
    '{"op": 0, "t": "MESSAGE_CREATE", "s": 999, "d": {"id": "1"}}',
    '{"op": 0, "t": "MESSAGE_UPDATE", "s": 999, "d": {}}',
    '{"op": 0, "t": "GUILD_CREATE", "s": 999, "d": null}',
    '{"op": 0, "t": "NEVER_HEARD_OF", "s": 999, "d": {"a": 1}}',
    '{"op": 0, "t": "THREAD_UPDATE", "s": 999, "d": {"id": "x"}}',
    '{"op": 99, "d": {}}',
    "",
)


@pytest.mark.parametrize("frame", GARBAGE)
async def test_a_malformed_frame(tmp_path: Path, frame: str) -> None:
    async def disturb(standin: StandIn, running: Running) -> None:
        del running
        await standin.raw(frame)

    figures, running = await run_with(tmp_path, disturb, messages=20)
    assert running.process.returncode == 0
    row(f"malformed frame: {frame[:40]!r}", times=1, **figures, lost=0, doubled=0)


async def test_texts_that_break_things(tmp_path: Path) -> None:
    texts = (
        "x" * 4_000,
        f"a\0b {BORDERLINE}\0",
        "\ud800 lone \udfff surrogates",
        "z̷̢̛͚͇̙̤̲͍̯̼͊̈́̽̈́̀͂͘͝" * 300,
        "\u202e" + BORDERLINE,
        "😀" * 2_000,
    )

    async def disturb(standin: StandIn, running: Running) -> None:
        del running
        for text in texts:
            await standin.say(text)

    figures, running = await run_with(tmp_path, disturb, messages=10)
    assert "Traceback" not in running.logged()
    row(
        "4,000 characters, NUL, lone surrogates, zalgo",
        times=len(texts),
        **figures,
        lost=0,
        doubled=0,
    )


async def test_the_alert_channel_is_deleted_and_chosen_anew(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        await with_alert_channel(tmp_path, channel_id=4444)
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            for _ in range(10):
                await standin.say(HATEFUL)
            deleted = "SELECT count(*) FROM actions WHERE kind = 'delete' AND status = 'done'"
            await until(lambda: rows(tmp_path, deleted)[0][0] == 10, running)
            failed = "SELECT count(*) FROM actions WHERE kind = 'alert' AND status = 'failed'"
            await until(lambda: rows(tmp_path, failed)[0][0] == 10, running)
            assert await running.stop() == 0
        assert running.logged().count("failed.alert_channel_gone") == 1
        asked = [r for r in standin.requests if "/4444/" in r]
    assert asked == []
    row("alert channel gone", times=10, logged=1, requests=0)


needs_mount = pytest.mark.skipif(
    shutil.which("mount") is None or os.geteuid() != 0, reason="needs to mount a disk"
)


@contextlib.asynccontextmanager
async def mounted(folder: Path, options: str) -> AsyncIterator[Path]:
    """A disk of its own at ``folder``; where none can be made the test is skipped."""
    folder.mkdir()
    made = await asyncio.create_subprocess_exec(
        "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)
    )
    if await made.wait():
        pytest.skip("cannot mount a disk here")
    try:
        yield folder
    finally:
        await (await asyncio.create_subprocess_exec("umount", str(folder))).wait()


@needs_mount
async def test_a_full_disk(tmp_path: Path) -> None:
    async with mounted(tmp_path / "disk", "size=4m") as disk:
        await with_alert_channel(disk)
        ballast = disk / "ballast"
        async with StandIn().serving() as standin:
            async with bellwether(
                disk, settings_for(standin, disk), log=tmp_path / "log"
            ) as running:
                await ready(running)
                await standin.say(BORDERLINE)
                await until(lambda: len(standin.sent) == 1, running)
                with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as sink:
                    while True:
                        sink.write(b"x" * 4096)
                for _ in range(100):
                    await standin.say(HATEFUL)
                await until(lambda: "cannot write, trying on" in running.logged(), running)
                await asyncio.sleep(3)
                assert running.logged().count("cannot write, trying on") == 1
                ballast.unlink()
                await quiet(disk, running, standin)
                assert "writing again" in running.logged()
                assert await running.stop() == 0
            figures = check(disk, standin)
        row("disk full, then not", times=1, **figures, lost=0, doubled=0)


async def test_two_processes_on_one_shard(tmp_path: Path) -> None:
    """By mistake, on one database: the journal's keys let only one of them act on a message."""
    chance = random.Random(11)
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path)
        async with (
            bellwether(tmp_path, settings) as first,
            bellwether(tmp_path, settings, log=tmp_path / "second") as second,
        ):
            await ready(first)
            await ready(second)
            standin.everybody = True
            for _ in range(150):
                await standin.say(chance.choice(TEXTS), author=chance.choice(MEMBERS))
                await asyncio.sleep(0.01)
            await quiet(tmp_path, first, standin)
            assert await first.stop() == 0
            assert await second.stop() == 0
        figures = check(tmp_path, standin)
    row("two processes on one shard and database", times=1, **figures, lost=0, doubled=0)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_wrong(tmp_path: Path, hours: int) -> None:
    figures, _ = await run_with(tmp_path, nothing, ahead_seconds=hours * 3_600)
    row(f"Discord's clock {hours:+} h from the bot's", times=1, **figures, lost=0, doubled=0)


@needs_mount
async def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    async with mounted(tmp_path / "disk", "ro,size=1m") as disk:
        async with StandIn().serving() as standin:
            settings = settings_for(standin, disk)
            async with bellwether(disk, settings, log=tmp_path / "log") as running:
                assert await asyncio.wait_for(running.process.wait(), 60) == 2
        assert "cannot open the database" in running.logged()
        assert "Traceback" not in running.logged()
        row("read-only folder: refuses to start, and says why", times=1)


async def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"\xff" * 20_000)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await standin.say(HATEFUL)
            await until(lambda: standin.deleted, running)
            assert await running.stop() == 0
    assert "database damaged, set aside" in running.logged()
    assert list(tmp_path.glob(f"{DATABASE}.damaged-*"))
    row("damaged database", times=1, kept_aside=1)


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
        for reason in decide(policy, POST, scorer.score([text])[0], "m").reasons:
            due[reason.kind].add(identity)
    for kind in Kind:
        found = rows(tmp_path, f"SELECT message_id FROM actions WHERE kind = '{kind}'")
        assert {r[0] for r in found} == due[kind]


async def test_a_raid(tmp_path: Path) -> None:
    """10,000 hateful messages of 200 accounts as fast as they come, and a server next door."""
    accounts = range(6_000, 6_200)
    begun: dict[int, tuple[bool, float]] = {}
    raiding = over = False

    async def neighbour(standin: StandIn) -> None:
        while not over:
            in_raid, now = raiding, time.monotonic()
            begun[await standin.say(HATEFUL, where=NEIGHBOUR_GENERAL)] = in_raid, now
            await asyncio.sleep(0.05)

    await with_alert_channel(tmp_path)
    await with_alert_channel(tmp_path, NEIGHBOUR_MODERATORS, NEIGHBOUR)
    async with StandIn().serving() as standin:
        standin.next_door()
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            next_door = asyncio.create_task(neighbour(standin))
            await asyncio.sleep(1)
            raiding = True
            for number in range(10_000):
                await standin.say(f"{HATEFUL} {number}", author=accounts[number % 200])
            done = "SELECT count(*) FROM actions WHERE kind = 'delete' AND status = 'done'"
            done += f" AND guild_id = {GUILD}"
            await until(lambda: rows(tmp_path, done)[0][0] == 10_000, running, 120)
            raiding, over = False, True
            await next_door
            await until(lambda: begun.keys() <= standin.deleted_at.keys(), running)
            await quiet(tmp_path, running, standin)
            status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
            peak = next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
    in_bulk = sum(request.endswith("bulk-delete") for request in standin.requests)
    alerts = len(standin.sent)
    waited: dict[bool, list[float]] = {False: [], True: []}
    for identity, (in_raid, then) in begun.items():
        waited[in_raid].append(standin.deleted_at[identity] - then)
    assert alerts <= 20
    assert 100 <= in_bulk <= 300  # of at most 100 messages each
    row(
        "raid: 10,000 messages of 200 accounts",
        times=1,
        **figures,
        alerts_sent=alerts,
        bulk_deletions=in_bulk,
        next_door_ms=round(median(waited[True]) * 1000),
        next_door_worst_ms=round(max(waited[True]) * 1000),
        next_door_in_calm_ms=round(median(waited[False]) * 1000),
        requests=len(standin.requests),
        peak_mb=round(peak / 1024),
        lost=0,
        doubled=0,
    )
