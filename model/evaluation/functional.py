"""The functional suite: short cases that each test one thing. They are never trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.classes import ALARMS, Scores
from model.tables import DATA, own_table

ANY: Final = "any"
SLURS_A_CASE, GROUPS_A_CASE = 2, 3


@dataclass(frozen=True, slots=True)
class Case:
    """A text, the head it tests (or ``ANY`` alarm), and whether that head must fire."""

    function: str
    text: str
    head: str
    fires: bool


def cases(slurs: Sequence[str]) -> list[Case]:
    """Return all cases, with their placeholders filled with groups and ``slurs`` in turn.

    Without ``slurs``, cases that need one are left out.
    """
    groups = (DATA / "groups.txt").read_text(encoding="utf-8").split("\n")[:-1]
    found = []
    for number, row in enumerate(own_table("functional.tsv")):
        filled = [row["text"]]
        if "{group}" in row["text"]:
            filled = [
                row["text"].replace("{group}", groups[(number + 5 * turn) % len(groups)])
                for turn in range(GROUPS_A_CASE)
            ]
        if "{slur}" in row["text"]:
            if not slurs:
                continue
            filled = [
                text.replace("{slur}", slurs[(number + turn) % len(slurs)])
                for turn, text in enumerate((filled * SLURS_A_CASE)[: max(2, len(filled))])
            ]
        found += [
            Case(row["function"], text, row["head"], row["expected"] == "1") for text in filled
        ]
    return found


def passes(case: Case, scores: Scores, thresholds: Mapping[str, float]) -> bool:
    """Return whether the case passes at these thresholds."""
    heads = ALARMS if case.head == ANY else (case.head,)
    return any(scores[head] >= thresholds[head] for head in heads) == case.fires


def rates(
    found: Sequence[Case], scored: Sequence[Scores], thresholds: Mapping[str, float]
) -> dict[str, tuple[int, int]]:
    """Return, for each function, how many of its cases passed and how many there are."""
    tally: dict[str, list[bool]] = defaultdict(list)
    for case, scores in zip(found, scored, strict=True):
        tally[case.function].append(passes(case, scores, thresholds))
    return {function: (sum(results), len(results)) for function, results in tally.items()}
