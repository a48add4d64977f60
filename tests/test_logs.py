"""Logs are for people on a terminal and JSON elsewhere, unless a setting says otherwise."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import environment

CODE = """
import structlog, sys
from bot.app import logs
logs.configure("INFO", sys.argv[1])
structlog.stdlib.get_logger("here").info("ready", servers=3)
"""


def logged(style: str, *, terminal: bool, **variables: str) -> str:
    """Return what a process logs on a terminal, or into a pipe."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    subprocess.run(
        [sys.executable, "-c", CODE, style],
        stderr=theirs,
        check=True,
        cwd=Path(__file__).parent.parent,
        env=environment(TERM="xterm", **variables),
    )
    if not terminal:
        os.close(theirs)
    found = os.read(ours, 10_000).decode()
    os.close(ours)
    return found


@pytest.mark.parametrize(("style", "terminal"), [("auto", False), ("json", False), ("json", True)])
def test_machines_get_json(style: str, terminal: bool) -> None:  # noqa: FBT001
    line = json.loads(logged(style, terminal=terminal))
    assert (line["event"], line["servers"], line["level"]) == ("ready", 3, "info")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("style", ["auto", "console"])
def test_people_get_lines(style: str) -> None:
    line = logged(style, terminal=True, NO_COLOR="1")
    assert "[info] ready" in line
    assert "servers=3" in line
    assert "\x1b" not in line
    assert "\x1b" in logged(style, terminal=True)


def test_people_who_pipe_get_lines_without_colours() -> None:
    line = logged("console", terminal=False)
    assert "[info] ready" in line
    assert "\x1b" not in line
