"""The demo as its host sees it: a command in a terminal, which says what to try and how it ended."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.demo.narration import HATEFUL, steps
from tests.process import environment
from tests.walk.browser import NARROW, message_with, needs_chromium, opened, said, use, view_as

LAST = "The demo has ended; nothing of it was kept."


@asynccontextmanager
async def demo(
    folder: Path, *, stdin: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--no-browser"),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(TMPDIR=str(folder)),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def introduction(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """What the terminal shows before the demo waits, and the address in it."""
    assert process.stdout is not None
    text = (await process.stdout.readuntil(b"ends the demo")).decode()
    text += (await process.stdout.readline()).decode()
    address = re.search(r"http://\S+", text)
    assert address is not None
    return text, address[0]


async def rest(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said_last = (await asyncio.wait_for(process.stdout.read(), 60)).decode()
    await process.wait()
    return said_last.strip()


@needs_chromium
async def test_a_refusal_is_no_error_when_the_demo_is_ended(tmp_path: Path) -> None:
    async with demo(tmp_path) as process:
        text, address = await introduction(process)
        assert f"write “{HATEFUL}”." in text
        assert not {"*", "`"} & set(text)
        assert f"{len(steps())}. As" in text
        async with opened(address, NARROW) as page:
            await view_as(page, "Morgan")
            options = {"class": "insult", "action": "alert", "value": "banana"}
            await use(page, "/threshold set", **options)
            await message_with(page, said("refused.unchanged")).wait_for()
        process.send_signal(signal.SIGINT)
        assert await rest(process) == LAST
        assert process.returncode == 0
    assert list(tmp_path.glob("bellwether-demo-*")) == []


async def test_enter_ends_the_demo_in_a_terminal(tmp_path: Path) -> None:
    keyboard, terminal = os.openpty()
    try:
        async with demo(tmp_path, stdin=terminal) as process:
            text, _ = await introduction(process)
            assert "Enter" in text
            os.write(keyboard, b"\n")
            assert await rest(process) == LAST
            assert process.returncode == 0
    finally:
        os.close(keyboard)
        os.close(terminal)


@needs_chromium
async def test_ending_the_session_in_the_page_ends_the_demo(tmp_path: Path) -> None:
    async with demo(tmp_path) as process:
        _, address = await introduction(process)
        async with opened(address, NARROW) as page:
            await page.locator(".session-menu summary").click()
            await page.locator("#close").click()
            assert await rest(process) == LAST
    assert process.returncode == 0
