"""The bot as a process that begins with everything imported.

Importing takes seconds of CPU at each start, and the tests start the bot more than a hundred times.
So one process imports the bot and does nothing else; each bot is a fork of it, with a process id, an
environment, an exit status and a death of its own. What ``python -m bot`` adds to that is tested in
``test_process.py``.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import bot.app.lifecycle  # noqa: F401 - what `run` imports only when it runs
from bot.cli.main import main
from tests.process import Running, environment

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class Fork:
    """What the tests use of ``asyncio.subprocess.Process``, of a fork."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, signal: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        while (code := self.returncode) is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        return code


def _run(variables: dict[str, str], log: str, arguments: tuple[str, ...]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    sink = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(sink, stream)
    sys.argv = ["bellwether", *arguments]
    main()


@asynccontextmanager
async def bellwether(
    folder: Path, settings: dict[str, str], *arguments: str, log: Path | None = None
) -> AsyncIterator[Running]:
    """Run the bot as ``tests.process.bellwether`` does, but for the time that importing takes."""
    log = log or folder / "log"
    log.write_bytes(b"")
    process = FORKS.Process(
        target=_run, args=(environment(**settings), str(log), arguments or ("run",))
    )
    process.start()
    fork = Fork(process)
    try:
        yield Running(fork, log)
    finally:
        fork.kill()
        await fork.wait()
