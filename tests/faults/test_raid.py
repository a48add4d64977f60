"""A raid, and what a server next door notices of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

from tests.faults.harness import SLOW, check, quiet, row
from tests.process import bellwether, ready, rows, settings_for, until, with_alert_channel
from tests.standin import GUILD, NEIGHBOUR, NEIGHBOUR_GENERAL, NEIGHBOUR_MODERATORS, StandIn
from tests.world import HATEFUL

pytestmark = SLOW


async def test_a_raid(tmp_path: Path) -> None:
    """10,000 hateful messages of 200 accounts as fast as they come, and a server next door."""
    accounts = range(6_000, 6_200)
    begun: dict[int, tuple[bool, float]] = {}
    raiding = over = False
    raid: dict[int, int] = {}
    """Whose each message of the raid is."""

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
                account = accounts[number % len(accounts)]
                raid[await standin.say(f"{HATEFUL} {number}", author=account)] = account
            done = "SELECT count(*) FROM actions JOIN cases ON cases.id = case_id"
            done += f" WHERE kind = 'delete' AND status = 'done' AND guild_id = {GUILD}"
            await until(lambda: rows(tmp_path, done)[0][0] == len(raid), running, 120)
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
        f"raid: {len(raid):,} messages of {len(set(raid.values()))} accounts",
        times=len(standin.sockets),
        **figures,
        alerts_sent=alerts,
        bulk_deletions=in_bulk,
        next_door_ms=round(median(waited[True]) * 1000),
        next_door_worst_ms=round(max(waited[True]) * 1000),
        next_door_in_calm_ms=round(median(waited[False]) * 1000),
        requests=len(standin.requests),
        peak_mb=round(peak / 1024),
    )
