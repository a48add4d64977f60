"""Ctrl-C ends the demo without an error, also below make."""

from __future__ import annotations

import os
import pty
import select
import shutil
import sys
from pathlib import Path

import pytest

from tests.process import environment

ROOT = Path(__file__).parent.parent
CTRL_C = b"\x03"


def ended(folder: Path, arguments: list[str], until: bytes) -> tuple[int, str]:
    """Run a program on a terminal, press Ctrl-C once it says something; return how it ended."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(arguments[0], arguments, environment(PYTHONPATH=str(ROOT)))
    said, pressed = b"", False
    while select.select([terminal], [], [], 60)[0]:
        try:
            said += os.read(terminal, 65_536)
        except OSError:  # it has ended
            break
        if until in said and not pressed:
            os.write(terminal, CTRL_C)
            pressed = True
    os.close(terminal)
    assert pressed, said.decode(errors="replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode(errors="replace")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_below_make(tmp_path: Path) -> None:
    recipe = f"demo:\n\t@{sys.executable} -m bot demo --no-browser\n\t@echo after\n"
    (tmp_path / "Makefile").write_text(recipe)
    status, said = ended(tmp_path, ["make", "--no-print-directory", "demo"], b"http://127.0.0.1")
    assert status == 0
    assert said.splitlines()[-1] == "after"
    for word in ("Traceback", "make: ", "Error", "Aborted"):
        assert word not in said


def test_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "demo", "--no-browser"]
    status, said = ended(tmp_path, command, b"http://127.0.0.1")
    assert status == 0
    assert "Traceback" not in said
    assert "Aborted" not in said
