"""Limits on what one HTTP client takes from others and from the bot: connections, time, scoring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.ui.web.errors import INVALID, TOO_SLOW, body_of

MOST_CONNECTIONS: Final = 100
"""Further ones are closed at once. Each takes a file descriptor, which Discord needs too."""

REQUEST_SECONDS: Final = 10.0
"""A connection that sends no complete request in this time is closed, within twice the time."""

MOST_WAITING: Final = 32
"""How many texts may wait to be scored. Further ones are refused."""

WAIT_SECONDS: Final = 5.0
"""How long a text waits while the bot's own messages are scored. Then it is refused."""


class LimitedConnection(H11Protocol):
    """uvicorn's connection, limited in number and in how long it may take to send a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or close it if there are too many."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._check)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _check(self) -> None:
        unanswered = self.cycle and not self.cycle.response_complete
        if unanswered and not self.cycle.more_body:
            self._timer = self.loop.call_later(REQUEST_SECONDS, self._check)
            return
        begun = unanswered or self.conn.trailing_data[0]
        if begun and not (unanswered and self.cycle.response_started):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, TOO_SLOW)
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        del msg
        self._refuse(HTTPStatus.BAD_REQUEST, INVALID)
        self.transport.close()

    def _refuse(self, status: HTTPStatus, error: str) -> None:
        """Send an error that the application never hears of."""
        body = body_of(error)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        head = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        with suppress(h11.LocalProtocolError):  # it was answered already
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")


class BusyError(Exception):
    """There is no room for another text at the moment."""


class Precedence:
    """Lets HTTP score one text at a time, and only while the bot has no message to score."""

    def __init__(self, idle: asyncio.Event | None) -> None:
        self._idle = idle
        self._one = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises ``BusyError`` if too many wait, or if it takes too long."""
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
