"""Being told to stop."""

from __future__ import annotations

import asyncio
import signal


def stop_event() -> asyncio.Event:
    """Return what SIGTERM and SIGINT set from now on, in place of ending the process.

    Called first of all in the loop: the first process of a container gets no SIGTERM that it
    does not ask for, and one that came while a model loads would be waited out and then killed.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
