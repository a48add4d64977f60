"""Load the artefact, score texts, explain scores. The bot needs nothing else of this package."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import artefact
from model.classes import CLASSES, HARMS, Scores
from model.explain import token_spans
from model.lowered import Lowered

GOLDEN_TOLERANCE = 1e-6
"""How far the probability of a golden text may be from the stored one."""


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A span of the original text and what it added to each head's linear score."""

    start: int
    end: int
    weights: dict[str, float]


class Scorer:
    """Scores texts with one artefact. Thread-safe."""

    def __init__(self, model: Any, manifest: artefact.Manifest) -> None:  # noqa: ANN401
        self._lowered = Lowered(model)
        self._one_at_a_time = threading.Lock()
        self.version = manifest.version
        self.presets = manifest.presets

    @classmethod
    def load(cls, folder: Path = artefact.PACKAGED) -> Scorer:
        """Return a scorer for the artefact in ``folder``, after checking the artefact.

        Checks its hash, its classes, and that golden texts get the stored scores. Raises
        ``artefact.ArtefactError``, which says what is wrong and what to do.
        """
        model, manifest = artefact.load_for_serving(folder)
        if manifest.classes != CLASSES:
            raise artefact.ArtefactError(
                f"the model in {folder} has the classes {', '.join(manifest.classes)}, but this "
                f"version of Bellwether needs {', '.join(CLASSES)}. Run `bellwether train`."
            )
        scorer = cls(model, manifest)
        scored = scorer.score(list(manifest.golden))
        for text, now in zip(manifest.golden, scored, strict=True):
            then = manifest.golden[text]
            if any(abs(now[name] - then.get(name, inf)) > GOLDEN_TOLERANCE for name in CLASSES):
                raise artefact.ArtefactError(
                    f"the model in {folder} no longer scores its golden texts as it did when it was "
                    "written, so the installed libraries compute something different. Install the "
                    "locked versions, or run `bellwether train`."
                )
        return scorer

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return probabilities, 0 to 1, shape (texts, classes), columns in the order of ``CLASSES``.

        Every ``str`` gets a score. Of a text longer than ``normalise.MAX_CHARACTERS``, only the
        beginning is scored.
        """
        if not texts:
            return np.empty((0, len(CLASSES)))
        with self._one_at_a_time:
            return self._lowered.predict_proba(texts)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """Return, for each text, a mapping from class to probability, 0 to 1."""
        return [dict(zip(CLASSES, row, strict=True)) for row in self.probabilities(texts).tolist()]

    def explain(self, text: str) -> list[WordWeight]:
        """Return what each word of ``text`` added to the scores, in the order of the text.

        The weights of all words add up to a head's linear score minus its intercept, plus
        ``passages.MARGIN`` if a passage scored highest. A word that was split into several tokens
        has the sum of their weights.
        """
        with self._one_at_a_time:
            ids = self._lowered.ids(text)
            weights = self._lowered.contributions(ids)
            spans = token_spans(self._lowered.ids, text, ids)
        by_span: dict[tuple[int, int], list[float]] = {}
        for span, weight in zip(spans, weights.tolist(), strict=True):
            before = by_span.get(span)
            by_span[span] = weight if before is None else [*map(add, before, weight)]
        return [
            WordWeight(start, end, dict(zip(HARMS, weight, strict=True)))
            for (start, end), weight in by_span.items()
        ]
