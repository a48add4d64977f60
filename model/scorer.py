"""Serving: load the artefact once, score batches. The only module of this package the bot needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import artefact
from model.classes import CLASSES

MAX_CHARACTERS = 20_000
"""Longer texts are scored by their beginning: five times Discord's longest message, so that
time and memory stay bounded for whatever comes through a pipe."""

GOLDEN_TOLERANCE = 1e-4
"""How far an example's probability may be from the stored one: machines round differently."""


class Scorer:
    """Probabilities for texts, from one artefact. Safe to share between threads."""

    def __init__(self, model: Any, manifest: artefact.Manifest) -> None:  # noqa: ANN401
        self._model = model
        self.version = manifest.version
        self.classes = manifest.classes

    @classmethod
    def load(cls, folder: Path = artefact.PACKAGED) -> Scorer:
        """Load and prove an artefact: hash, classes, and the stored example scores.

        Raises ``artefact.ArtefactError`` with the reason and what to do.
        """
        model, manifest = artefact.load(folder)
        if manifest.classes != CLASSES:
            raise artefact.ArtefactError(
                f"the model in {folder} has the classes {', '.join(manifest.classes)}, this version "
                f"of Bellwether needs {', '.join(CLASSES)}. Run `bellwether train`."
            )
        scorer = cls(model, manifest)
        scored = scorer.score(list(manifest.golden))
        for text, now in zip(manifest.golden, scored, strict=True):
            then = manifest.golden[text]
            if any(abs(now[name] - then[name]) > GOLDEN_TOLERANCE for name in CLASSES):
                raise artefact.ArtefactError(
                    f"the model in {folder} no longer scores its example texts as it did when it "
                    f"was written ({now} instead of {then}): the installed libraries compute "
                    "something else. Install the locked versions, or run `bellwether train`."
                )
        return scorer

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return an array of shape (texts, classes), columns in the order of ``CLASSES``."""
        if not texts:
            return np.empty((0, len(CLASSES)))
        bounded = [text[:MAX_CHARACTERS] for text in texts]
        return np.asarray(self._model.predict_proba(bounded), dtype=np.float64)

    def score(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Return for each text a mapping from class to probability, 0 to 1."""
        return [dict(zip(CLASSES, row, strict=True)) for row in self.probabilities(texts).tolist()]
