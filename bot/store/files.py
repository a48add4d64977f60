"""Files that only the bot's user may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import structlog

log = structlog.stdlib.get_logger(__name__)


def make_private(path: Path) -> None:
    """Create an empty file that only this user can read, if there is none. Raises ``OSError``."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def warn_if_readable(path: Path) -> None:
    """Log a warning if other users of this machine can read or change a file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        log.warning("others can read this file", path=str(path), mode=f"{mode:o}", do="chmod 600")
