"""Installs a lock file with pip and shows on one line how far it is: what, how much, how long.

    python requirements/install.py run

A package and its version are checked against the hashes in the lock file. pip's own output is shown
only if it fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
EXPECTED = {  # packages on Linux, megabytes to download, megabytes on disk, for whom
    "run": (47, 32, 180, "the bot"),
    "charts": (56, 56, 280, "the bot, with charts in /threshold preview"),
    "train": (67, 101, 485, "the bot, charts, training and measuring the classifier"),
    "demo": (60, 116, 500, "the bot, and a simulated Discord to try it on"),
    "dev": (115, 260, 990, "everything, and the tools to work on it"),
}
PACKAGE = re.compile(r"^(?:Collecting ([\w.-]+)|Processing \S*/([\w.-]+?)-\d)")
SIZE = re.compile(r"(?:Downloading|Using cached) .*\(([\d.]+) ([kM])B\)")
TERMINAL = sys.stdout.isatty()
KEPT = 15
"""Lines of pip's output that are shown if it fails."""


def main(name: str) -> int:
    """Install the lock file of that name; return pip's exit status."""
    packages, download, disk, what = EXPECTED[name]
    show(
        f"Installing {what}: about {packages} packages, {download} MB to download, {disk} MB on disk.\n"
    )
    command = [
        *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
        *("--progress-bar", "off", "--no-color"),
        *("--require-hashes", "--requirement", str(FOLDER / f"{name}.txt")),
    ]
    began, seen, megabytes, said = time.monotonic(), 0, 0.0, []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            said = [*said[1 - KEPT :], line]
            if found := SIZE.search(line):
                megabytes += float(found[1]) / (1 if found[2] == "M" else 1_000)
            elif found := PACKAGE.match(line):
                seen += 1
                progress(f"{seen} of {packages}, {found[1] or found[2]}", megabytes, began)
            elif line.startswith("Installing collected"):
                progress(f"unpacking {seen} packages", megabytes, began)
    progress("", megabytes, began)
    if pip.returncode:
        show("".join(said) + "pip failed; the lines above say why.\n")
    elif not seen:
        show("All of it is installed already.\n")
    else:
        seconds = time.monotonic() - began
        show(f"Installed {seen} packages, {megabytes:.0f} MB, in {seconds:.0f} seconds.\n")
    return pip.returncode


def progress(step: str, megabytes: float, began: float) -> None:
    """Replace the line on a terminal; elsewhere there is no line to replace."""
    if TERMINAL:
        line = f"  {step}: {megabytes:.0f} MB, {time.monotonic() - began:.0f} s" if step else ""
        show(f"\r\x1b[K{line}")


def show(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
