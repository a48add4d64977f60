"""`python -m tests.fault_table > docs/faults.md` writes the results of `make test-faults`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROWS = Path("runs/faults.jsonl")

HEAD = """# Fault tests

`make test-faults` runs the bot as a process, with the real client, against a stand-in Discord that
misbehaves on real sockets. Each row is a test, which fails if anything is lost or done twice.
Messages arrive as fast as in a busy server, and their authors edit and delete some of them.
Afterwards, every message that still exists must have exactly one decision on its current text.
Every deletion that was decided must have been made once, and every alert must be in the alert
channel once, with the right count. *Alerted* counts messages, several of which may share an alert.
Blank cells were not counted.

| what | times | messages | alerted | deleted | lost | doubled |
|---|---|---|---|---|---|---|
"""

FOOT = """
Not covered: the bot misses an edit made while it is down if 100 newer messages were written before
the gap, because Discord announces an edit only once. A channel with more missed messages than
`[catch_up]` allows is read up to the limit, and the log says so. Two processes on one shard with
separate databases would both act.
"""


def main() -> None:
    """Print the table in the order of the tests, with the latest result of each."""
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
