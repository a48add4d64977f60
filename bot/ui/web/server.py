"""Runs uvicorn inside the bot, without its signal handlers: signals stop the bot."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from bot.app.signals import stop_event
from bot.errors import OperatorError
from bot.ui.web.limits import LimitedConnection

log = structlog.stdlib.get_logger(__name__)


GRACE_SECONDS: Final = 3


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an application. ``start`` returns once it listens."""

    def __init__(self, api: FastAPI, host: str, port: int) -> None:
        self._api, self._host = api, host
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = port
        """The port. If 0 was given, the one that was taken is known after ``start``."""

    async def start(self) -> None:
        """Listen and serve. Raises ``OperatorError`` if the address cannot be used."""
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            listener = socket.create_server((self._host, self.port), family=family)
        except OSError as error:
            said = (
                "another program uses it. Choose another http.port (or $PORT)."
                if error.errno == errno.EADDRINUSE
                else f"{error.strerror}. Check http.host and http.port (or $PORT)."
            )
            raise OperatorError(
                f"cannot listen on {self._host}, port {self.port}: {said}"
            ) from error
        config = uvicorn.Config(
            self._api,
            http=LimitedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            # A client that sends half a request must not keep the bot from stopping.
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="http")
        host, self.port = listener.getsockname()[:2]
        log.info("http listening", host=host, port=self.port)

    async def stop(self) -> None:
        """Finish the current requests and stop listening."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task


async def until_signalled(server: HttpServer) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stop_event()
    await server.start()
    await stop.wait()
    await server.stop()
