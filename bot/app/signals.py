"""The signals that stop the process."""

from __future__ import annotations

import asyncio
import signal


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set instead of ending the process.

    Call it first in the loop, so that no signal is lost while the model loads. The first process of
    a container ignores SIGTERM unless it has a handler.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
