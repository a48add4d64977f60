"""Benchmark the ways of scoring against each other, in turn, in one process on one core.

The texts are the project's own chat texts. "warm" is the state of a running bot, with most tokens
cached. "cold" empties the caches before each round.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from profanity_check import predict_prob

from model import artefact, tables
from model.lowered import Lowered
from model.scorer import Scorer

OUT = Path(__file__).parent / "model.json"
ROUNDS, BATCH, SINGLES = 7, 512, 300

Path_ = tuple[str, Callable[[Sequence[str]], Any], Callable[[], None]]


def nothing() -> None:
    """Do nothing."""


def paths() -> list[Path_]:
    """Return what is compared: a name, a function that scores, and one that runs before a round."""
    model, _ = artefact.load(artefact.PACKAGED)
    warm, cold, scorer = Lowered(model), Lowered(model), Scorer.load()
    return [
        ("scikit-learn's own path", model.predict_proba, nothing),
        ("lowered, warm", warm.predict_proba, nothing),
        ("lowered, cold", cold.predict_proba, cold.clear_cache),
        (
            "scorer with explanation",
            lambda texts: [scorer.explain(text) for text in texts],
            nothing,
        ),
        ("alt-profanity-check", predict_prob, nothing),
    ]


def measure() -> list[dict[str, float | str]]:
    """Return, for each path, the median time for one message and the median batch throughput."""
    texts = [row["text"] for row in tables.own_table("chat_texts.tsv")]
    compared = paths()
    singles: dict[str, list[float]] = {name: [] for name, _, _ in compared}
    batches: dict[str, list[float]] = {name: [] for name, _, _ in compared}
    for turn in range(ROUNDS + 1):
        few = texts[turn * SINGLES : (turn + 1) * SINGLES]
        many = texts[turn * BATCH : (turn + 1) * BATCH]
        for name, score, prepare in compared:
            if "cold" not in name:
                score(few)
                score(many)
            prepare()
            started = time.perf_counter()
            for text in few:
                score([text])
            singles[name].append((time.perf_counter() - started) / len(few))
            prepare()
            started = time.perf_counter()
            score(many)
            batches[name].append(len(many) / (time.perf_counter() - started))
    one = {name: statistics.median(values[1:]) * 1e6 for name, values in singles.items()}
    rate = {name: statistics.median(values[1:]) for name, values in batches.items()}
    base = compared[0][0]
    return [
        {
            "path": name,
            "one_message_us": round(one[name], 1),
            "one_message_ratio": round(one[name] / one[base], 4),
            "batch_a_second": round(rate[name]),
            "batch_ratio": round(rate[name] / rate[base], 2),
        }
        for name, _, _ in compared
    ]


def main() -> None:
    """Print the table and write it to ``OUT``."""
    rows = measure()
    size = (artefact.PACKAGED / artefact.ARTEFACT).stat().st_size
    OUT.write_text(json.dumps({"rows": rows, "artefact_bytes": size}, indent=2) + "\n")
    print(f"{'path':<26}{'one message':>14}{'ratio':>9}{'messages/s':>13}{'ratio':>9}")
    for row in rows:
        print(
            f"{row['path']:<26}{row['one_message_us']:>11} µs{row['one_message_ratio']:>9}"
            f"{row['batch_a_second']:>13}{row['batch_ratio']:>9}"
        )
    print(f"artefact: {size:,} bytes")


if __name__ == "__main__":
    main()
