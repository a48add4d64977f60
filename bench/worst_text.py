"""Search for the text that takes the most CPU, compared with an ordinary text of the same length.

Anybody can send messages to the bot, so the worst text counts, not the usual one. Families of
hostile texts are measured first. Then a genetic search breeds them: the slowest are cut, crossed
and mutated for some generations. Every text is new, and caches are emptied before each one.

"score" is the scorer alone. "phrases" removes 200 allowed phrases that are designed to be slow.
"explain" is what an alert needs. "running" is the scorer of a running bot, which has the words and
pairs of ordinary texts in its cache but none of the hostile ones. A ratio is the median of a family
over the median of ordinary texts, measured in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from bench.hostile import (
    FAMILIES,
    LENGTH,
    ORDINARY,
    Pieces,
    hostile_phrases,
    ordinary_texts,
    text_of,
)
from bot.policy.phrases import Phrases
from model.scorer import Scorer

OUT: Final = Path(__file__).parent / "worst_text.json"
MAX_RATIO: Final = 20
"""The search fails if a text takes more than this many times the CPU of an ordinary one."""

Cost = Callable[[str], object]


class Costs:
    """The measured functions, by name."""

    def __init__(self) -> None:
        self._scorer = Scorer.load()
        self._phrases = [Phrases(phrases) for phrases in hostile_phrases()]
        self.all: dict[str, Cost] = {
            "score": lambda text: self._forgetful().score([text]),
            "phrases": lambda text: [phrases.without(text) for phrases in self._phrases],
            "explain": lambda text: self._forgetful().explain(text),
        }
        self.all["phrases"]("a")
        self._running = Scorer.load()
        # Its cache changes with every text, so it cannot be measured repeatedly for breeding.
        self.once: dict[str, Cost] = {"running": lambda text: self._running.score([text])}

    def warm(self) -> None:
        """Fill the cache of the running scorer with ordinary texts only."""
        self._running._lowered.clear_cache()  # noqa: SLF001
        for text in ordinary_texts():
            self._running.score([text])

    def _forgetful(self) -> Scorer:
        self._scorer._lowered.clear_cache()  # noqa: SLF001 - nobody else wants it to
        re.purge()
        return self._scorer

    def seconds(self, name: str, text: str) -> float:
        """Return the CPU time that a text takes, in seconds; for phrases, the mean over their sets."""
        cost = self.all.get(name) or self.once[name]
        started = time.process_time()
        cost(text)
        return (time.process_time() - started) / (len(self._phrases) if name == "phrases" else 1)


def by_family(costs: Costs, rounds: int, chance: random.Random) -> dict[str, dict[str, float]]:
    """Return the ratio of medians, and the median in ms, for each family and function."""
    taken: dict[tuple[str, str], list[float]] = {}
    names = [*costs.all, *costs.once]
    for _ in range(rounds):
        costs.warm()
        for family, maker in {"ordinary": ORDINARY, **FAMILIES}.items():
            text = text_of(maker(chance))
            for name in names:
                taken.setdefault((family, name), []).append(costs.seconds(name, text))
    median = {key: statistics.median(values) for key, values in taken.items()}
    return {
        family: {name: median[family, name] / median["ordinary", name] for name in names}
        | {f"{name}_ms": median[family, name] * 1e3 for name in names}
        for family in ("ordinary", *FAMILIES)
    }


class Search:
    """Breeds the slowest text for one function. Texts are lists of pieces, so parts can cross."""

    SURVIVORS: Final = 8

    def __init__(self, costs: Costs, name: str, chance: random.Random) -> None:
        self._costs, self._name, self._chance = costs, name, chance

    def run(self, until: float) -> tuple[float, str]:
        """Search until the given ``time.monotonic``; return the highest ratio and its text."""
        families = [*FAMILIES.values()]
        living = [self._judged(maker(self._chance)) for maker in families for _ in range(2)]
        while time.monotonic() < until:
            living.sort(key=lambda pair: pair[0], reverse=True)
            living = living[: self.SURVIVORS]
            living += [self._judged(self._child([p for _, p in living])) for _ in range(16)]
        living.sort(key=lambda pair: pair[0], reverse=True)
        # The best of many noisy measurements is partly luck, so the finalists are measured again.
        final = [(self._ratio(text_of(pieces), 9), text_of(pieces)) for _, pieces in living[:5]]
        return max(final)

    def _judged(self, pieces: Pieces) -> tuple[float, Pieces]:
        return self._ratio(text_of(pieces), 2), pieces

    def _ratio(self, text: str, times: int) -> float:
        ordinary = text_of(ORDINARY(self._chance))
        pairs = [
            (self._costs.seconds(self._name, text), self._costs.seconds(self._name, ordinary))
            for _ in range(times)
        ]
        # The minimum of a few measurements, the median of many.
        middle = min if times < 3 else statistics.median  # noqa: PLR2004
        return middle(text for text, _ in pairs) / middle(ordinary for _, ordinary in pairs)

    def _child(self, parents: Sequence[Pieces]) -> Pieces:
        chance = self._chance
        child = list(chance.choice(parents))
        start = chance.randrange(len(child))
        end = min(len(child), start + chance.randrange(1, len(child) + 1))
        match chance.randrange(5):
            case 0:  # crossed
                other = chance.choice(parents)
                child[start:end] = other[start : start + end - start]
            case 1:  # a part of another family
                maker = chance.choice([*FAMILIES.values()])
                child[start:end] = maker(chance)[start:end]
            case 2:  # a part, repeated
                child[start:] = child[start : start + 1 + chance.randrange(20)] * len(child)
            case 3:  # shuffled
                chance.shuffle(child)
            case _:  # some characters replaced
                for _ in range(chance.randrange(1, 200)):
                    at = chance.randrange(len(child))
                    child[at] = chance.choice(chance.choice(parents)) + child[at][1:]
        return child


def show(rows: dict[str, dict[str, float]], names: Sequence[str]) -> None:
    """Print the families, the slowest first."""
    print(f"{LENGTH} characters{'':<19}" + "".join(f"{name:>12}{'ms':>9}" for name in names))
    for family in sorted(rows, key=lambda family: -max(rows[family][name] for name in names)):
        row = rows[family]
        print(f"{family:<34}" + "".join(f"{row[n]:>11.2f}x{row[f'{n}_ms']:>9.2f}" for n in names))


def main() -> None:
    """Measure and breed, then print the results and write them to ``OUT``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=7, help="new texts of each family")
    parser.add_argument("--seconds", type=float, default=25, help="time to breed, per function")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    costs = Costs()
    names = [*costs.all, *costs.once]
    rows = by_family(costs, options.rounds, chance)
    show(rows, names)
    bred: dict[str, dict[str, float | str]] = {}
    worst = max(row[name] for row in rows.values() for name in names)
    for name in costs.all:
        ratio, text = Search(costs, name, chance).run(time.monotonic() + options.seconds)
        bred[name] = {"ratio": round(ratio, 2), "text": text}
        worst = max(worst, ratio)
        print(f"bred for {name}: {ratio:.2f}x, {text[:40]!a}")
    table = {
        family: {key: round(value, 3) for key, value in row.items()} for family, row in rows.items()
    }
    document = {"seed": options.seed, "characters": LENGTH, "families": table, "bred": bred}
    OUT.write_text(json.dumps(document, indent=2) + "\n")
    print(f"the slowest text takes {worst:.1f} times an ordinary one; the limit is {MAX_RATIO}")
    sys.exit(worst > MAX_RATIO)


if __name__ == "__main__":
    main()
