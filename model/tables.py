"""Tables of labelled texts, as files have them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"


def table(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Read a table with a header."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle, delimiter=delimiter)


def own_table(name: str) -> Iterator[dict[str, str]]:
    """Read one of the project's own tab-separated files, in which quotes are only quotes."""
    with (DATA / name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
