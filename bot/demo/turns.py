"""Whose turn it is: a simulated Discord does one thing at a time and refuses a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import simcord
from simcord.backend.errors import SetupError
from simcord.preview import Preview


class Turns:
    """Lets everything that acts on the simulated Discord wait for its turn."""

    def __init__(self, env: simcord.Env, preview: Preview) -> None:
        self._env = env
        self._preview = preview
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Act at the real time, and show on the page whatever came of it."""
        async with self._lock:
            # Simulated time stands still unless it is moved.
            passed = (datetime.now(UTC) - self._env.now()).total_seconds()
            if passed > 0:
                with contextlib.suppress(TimeoutError):  # moved all the same; the bot is busy
                    await self._env.advance_time(passed)
            try:
                yield
            finally:
                # The page was closed, or the bot is busy for seconds: the next turn shows it.
                with contextlib.suppress(SetupError, TimeoutError):
                    await self._preview.refresh()
