"""Disks that are full or read-only, and a database that is damaged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.harness import SLOW, check, quiet, row
from tests.process import DATABASE, ready, settings_for, until, with_alert_channel
from tests.standin import StandIn
from tests.warm import bellwether
from tests.world import BORDERLINE, HATEFUL

needs_mount = pytest.mark.skipif(
    shutil.which("mount") is None or os.geteuid() != 0, reason="needs to mount a disk"
)
pytestmark = SLOW


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
    cannot, resumed = "write failed, retrying", "writing resumed"
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
                await until(lambda: cannot in running.logged(), running)
                await asyncio.sleep(3)
                # Once for each outage: a small write can fit into what the database had reserved.
                assert running.logged().count(cannot) - running.logged().count(resumed) == 1
                ballast.unlink()
                await quiet(disk, running, standin)
                assert running.logged().count(cannot) == running.logged().count(resumed) > 0
                assert await running.stop() == 0
            figures = check(disk, standin)
        row("disk full, then not", times=running.logged().count(cannot), **figures)


@needs_mount
async def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    why = "cannot open the database"
    async with mounted(tmp_path / "disk", "ro,size=1m") as disk:
        async with StandIn().serving() as standin:
            settings = settings_for(standin, disk)
            async with bellwether(disk, settings, log=tmp_path / "log") as running:
                assert await asyncio.wait_for(running.process.wait(), 60) == 2
        assert why in running.logged()
        assert "Traceback" not in running.logged()
        said = running.logged().count(why)
        row("read-only folder: refuses to start, and says why", times=said)


async def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"\xff" * 20_000)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await standin.say(HATEFUL)
            await until(lambda: standin.deleted, running)
            assert await running.stop() == 0
    damaged = running.logged().count("damaged database set aside")
    aside = len(list(tmp_path.glob(f"{DATABASE}.damaged-*")))
    assert damaged == aside == 1
    row("damaged database", times=damaged, kept_aside=aside)
