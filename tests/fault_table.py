"""`python -m tests.fault_table > docs/faults.md` writes what `make test-faults` has found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROWS = Path("runs/faults.jsonl")

HEAD = """# What was tried

The bot as a process, with the real client, on a stand-in Discord over sockets that misbehaves
(`make test-faults`; each row is a test that fails if anything is lost or done twice). Messages come as
fast as a busy server's, with edits and deletions by their authors among them. Afterwards every message
that still stands has exactly one decision as it stands, every deletion that was decided was made once, and every
alert that was decided stands in the alert channel once, counted. *Alerted* counts messages, several of
which may share an alert; a blank was not counted in that row.

| what | times | messages | alerted | deleted | lost | doubled |
|---|---|---|---|---|---|---|
"""

FOOT = """
Not found by these: an edit, made while the bot is down, of a message that by then has 100 newer ones
before the gap; Discord tells of it only once. A channel of more missed messages than `[catch_up]` allows is read up to the limit, and
the log says so. Two processes on one shard with databases of their own would both act.
"""


def main() -> None:
    """Print the table, in the order of the tests; the latest row of each kind counts."""
    rows = {}
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        what = row.pop("what")
        rows[row.pop("place"), what] = row
    sys.stdout.write(HEAD)
    for (_, what), row in sorted(rows.items()):
        names = ("times", "messages", "alerts", "deletions", "lost", "doubled")
        cells = [f"{row[name]:,}" if name in row else "" for name in names]
        more = ", ".join(
            f"{name.replace('_', ' ')} {value:,}"
            for name, value in row.items()
            if name not in names
        )
        shown = what.replace("|", "\\|") + (f" ({more})" if more else "")
        sys.stdout.write(f"| {shown} | {' | '.join(cells)} |\n")
    sys.stdout.write(FOOT)


if __name__ == "__main__":
    main()
