"""Ctrl-C for one command of a `make` target."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_spares_make() -> Iterator[None]:
    """Let Ctrl-C stop this process and not the `make` that started it.

    A terminal sends Ctrl-C to its whole foreground group. make reports an error then, even if its
    recipe ends well. So this process takes the foreground for itself, as a shell's job does, and
    gives it back at the end. Ctrl-Z is ignored meanwhile, because make would wait for ever.
    """
    terminal = _terminal() if "MAKELEVEL" in os.environ else None
    if terminal is None:
        yield
        return
    before = os.getpgrp()
    ignored = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTTOU, signal.SIGTSTP)
    }
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, before)
        for number, handler in ignored.items():
            signal.signal(number, handler)
        os.close(terminal)


def _terminal() -> int | None:
    """Open the terminal if this process shares its foreground with others."""
    if os.name != "posix" or os.getpgrp() == os.getpid():
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    if os.tcgetpgrp(terminal) == os.getpgrp():
        return terminal
    os.close(terminal)
    return None
