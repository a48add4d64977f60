"""What one client may take from the others: connections, time, and the bot's own attention."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS: Final = 100
"""More are closed at once: each open one takes a file descriptor, which Discord needs too."""

REQUEST_SECONDS: Final = 10.0
"""A connection that brings no whole request in so long is closed, after twice as long at most."""

MOST_WAITING: Final = 32
"""Texts that wait to be scored; a further one is refused."""

WAIT_SECONDS: Final = 5.0
"""So long a text waits for the bot's own messages; then it is refused."""


class LimitedConnection(H11Protocol):
    """uvicorn's connection, with a limit on how many there are and how long they say nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it where there are too many."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._check)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _check(self) -> None:
        working = self.cycle and not self.cycle.response_complete and not self.cycle.more_body
        if working:
            self._timer = self.loop.call_later(REQUEST_SECONDS, self._check)
        else:
            self.transport.close()


class BusyError(Exception):
    """There is no room for another text just now."""


class Precedence:
    """Lets one text at a time be scored for HTTP, and only while the bot itself has nothing to do."""

    def __init__(self, idle: asyncio.Event | None) -> None:
        self._idle = idle
        self._one = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises ``BusyError`` where too many wait, or it takes too long."""
        if self._waiting >= MOST_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS) as waiting, self._one:
                if self._idle is not None:
                    await self._idle.wait()
                waiting.reschedule(None)
                yield
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting -= 1
