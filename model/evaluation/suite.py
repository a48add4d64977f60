"""Compute all figures of the evaluation, as one nested dictionary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from model import attacks, sources, tables
from model.artefact import Presets
from model.classes import ALARMS, CLASSES
from model.datasets import locate
from model.evaluation import functional, heldout
from model.evaluation.measures import threshold_at
from model.heads import Floats
from model.sources import conda_utterances
from model.training import Corpus

Predict = Callable[[Sequence[str]], Floats]
"""Returns the probabilities of texts, shape (texts, classes)."""

BATCH: Final = 2_048
ATTACKED_TEXTS: Final = 2_000
ATTACKED_SOURCES: Final = ("conda", "texts", "davidson", "hatexplain")
SLUR_RANK: Final = 0.9
"""Words of the word list that score at least this for hate are used as slurs in the cases."""


@dataclass(frozen=True, slots=True)
class ScoredCorpus:
    """A corpus and its probabilities, shape (rows, classes)."""

    corpus: Corpus
    probabilities: Floats
    predict: Predict


def score(corpus: Corpus, predict: Predict) -> ScoredCorpus:
    """Score every row of the corpus."""
    texts = [row.text for row in corpus.rows]
    parts = [predict(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
    return ScoredCorpus(corpus, np.vstack(parts), predict)


def figures(scored: ScoredCorpus, presets: Presets, data_dir: Path | None) -> dict[str, Any]:
    """Return every figure of the model card except davidson's and the speeds."""
    corpus, probabilities = scored.corpus, scored.probabilities
    return {
        "heads": heldout.by_head(corpus, probabilities),
        "sources": heldout.by_source(corpus, probabilities),
        "presets": {
            name: {"thresholds": preset, **heldout.at_preset(corpus, probabilities, preset)}
            for name, preset in presets.items()
        },
        "game_chat": game_chat(scored, data_dir),
        "functional": functional_suite(scored, presets["balanced"], data_dir),
        "evasion": evasion_suite(scored, presets["balanced"]),
    }


def game_chat(scored: ScoredCorpus, data_dir: Path | None) -> dict[str, float]:
    """Return recall on held-out explicit lines of game chat, at 5 false alarms in 1,000 messages.

    ``recall_line`` scores a line's messages as one text. ``recall_utterance`` takes the highest
    score of its messages, as a bot would.
    """
    (path,) = locate("conda", data_dir)
    lines = [
        [text for text, _ in conda_utterances(row)]
        for row in tables.table(path)
        if row["intentClass"] == "E"
        and sources.bucket(f"conda {row['matchId']}", 6) == 0
        and row["utterance"].strip()
    ]
    lines = [line for line in lines if line]
    alarms = len(ALARMS)
    chat = heldout.benign(scored.corpus)
    limit = threshold_at(scored.probabilities[chat, :alarms].max(axis=1), 0.005)
    joined = scored.predict([" ".join(line) for line in lines])[:, :alarms].max(axis=1)
    each = scored.predict([text for line in lines for text in line])[:, :alarms].max(axis=1)
    starts = np.cumsum([0, *(len(line) for line in lines[:-1])])
    highest = np.maximum.reduceat(each, starts)
    return {
        "lines": float(len(lines)),
        "threshold": limit,
        "recall_line": float((joined >= limit).mean()),
        "recall_utterance": float((highest >= limit).mean()),
    }


def functional_suite(
    scored: ScoredCorpus, preset: dict[str, dict[str, float | None]], data_dir: Path | None
) -> dict[str, Any]:
    """Return how many cases pass, in all and by function, at the preset's alert thresholds."""
    (path,) = locate("ldnoobw", data_dir)
    listed = [word for word in path.read_text(encoding="utf-8").splitlines() if word.isalpha()]
    alone = scored.predict(listed)[:, CLASSES.index("hate")]
    slurs = [word for word, score in zip(listed, alone, strict=True) if score >= SLUR_RANK]
    found = functional.cases(slurs or listed)
    case_scores = [
        dict(zip(CLASSES, row, strict=True))
        for row in scored.predict([case.text for case in found]).tolist()
    ]
    thresholds = {head: limits["alert"] or 0.5 for head, limits in preset.items()}
    rates = functional.rates(found, case_scores, thresholds)
    passed, total = (sum(pair[i] for pair in rates.values()) for i in (0, 1))
    return {"passed": passed, "cases": total, "functions": rates}


def evasion_suite(
    scored: ScoredCorpus, preset: dict[str, dict[str, float | None]]
) -> dict[str, dict[str, float]]:
    """Return the share of alarms kept and the fire rate on benign chat for each attack."""
    corpus = scored.corpus
    alarms = len(ALARMS)
    limit = preset["hate"]["alert"] or 0.5
    highest = scored.probabilities[:, :alarms].max(axis=1)
    harmful = corpus.held_out & (corpus.labels[:, :alarms] == 1).any(axis=1)
    toxic = harmful & np.isin(corpus.source, ATTACKED_SOURCES) & (highest >= limit)
    harmless = np.flatnonzero(heldout.benign(corpus))
    chosen = np.flatnonzero(toxic)[:ATTACKED_TEXTS]
    benign = harmless[:: max(1, len(harmless) // (2 * ATTACKED_TEXTS))]
    out = {}
    for name in attacks.ATTACKS:
        kept, fired = (
            scored.predict(attacks.apply([corpus.rows[i].text for i in rows], name))
            for rows in (chosen, benign)
        )
        out[name] = {
            "recall_kept": float((kept[:, :alarms].max(axis=1) >= limit).mean()),
            "benign_fire_rate": float((fired[:, :alarms].max(axis=1) >= limit).mean()),
        }
    return out
