"""Score texts as the trained pipeline does, but with plain arrays and look-ups, and much faster.

Every feature belongs to a token or a pair, and weights add up (model/features.py). So a text's
score is a sum of one cached vector for each of its distinct tokens and pairs. The caches are
bounded: a full one is emptied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.cache import Pairs, Tokens, Weights
from model.calibration import PLATT_SHARE, Calibration, Floats
from model.classes import HARMS
from model.keys import GRAM_SCALE, WORD_SCALE
from model.normalise import MAX_TOKENS
from model.windows import MARGIN, passages, raise_to_worst, windows

CACHED_TOKENS: Final = 60_000
CACHED_CHUNKS: Final = 120_000
CACHED_PAIRS: Final = 400_000
LONGEST_CACHED: Final = 40
"""Longer chunks are not cached: they hardly ever occur twice."""

HEAD_COUNT: Final = len(HARMS)


class _Curves:
    """The calibration curves of all heads, joined into one.

    Each curve is shifted to its own range of x. One interpolation then serves all heads, which
    halves the time for a single message.
    """

    def __init__(self, calibrations: Sequence[Calibration]) -> None:
        self._low = np.array([curve.x[0] for curve in calibrations])
        self._high = np.array([curve.x[-1] for curve in calibrations])
        width = float((self._high - self._low).max()) + 1
        self._aside = np.arange(HEAD_COUNT) * width - self._low
        self._x = np.concatenate(
            [curve.x + aside for curve, aside in zip(calibrations, self._aside, strict=True)]
        )
        self._y = np.concatenate([curve.y for curve in calibrations]) * (1 - PLATT_SHARE)
        self._slope = np.array([curve.slope for curve in calibrations])
        self._offset = np.array([curve.offset for curve in calibrations])

    def __call__(self, scores: Floats) -> Floats:
        inside = np.minimum(np.maximum(scores, self._low), self._high) + self._aside
        logistic = PLATT_SHARE / (1 + np.exp(-(self._slope * scores + self._offset)))
        result: Floats = np.interp(inside, self._x, self._y) + logistic
        return result


class Lowered:
    """A fitted pipeline, lowered to arrays and look-ups. Not thread-safe.

    ``pipeline`` is scikit-learn's, or the result of ``artefact.load_for_serving``.
    """

    def __init__(self, pipeline: Any) -> None:  # noqa: ANN401
        vectorizer, heads = pipeline.named_steps["features"], pipeline.named_steps["heads"]
        coefficients = heads.levels_ * heads.scale_[:, None]
        self._normaliser = vectorizer.normaliser
        self._weights = Weights(vectorizer.keys_, coefficients.T * vectorizer.idf_[:, None])
        self._intercept: Floats = heads.intercept_
        self._curves = _Curves(heads.calibrations_)
        self.clear_cache()

    def clear_cache(self) -> None:
        """Empty the caches of tokens, chunks and pairs."""
        self._chunks: dict[str, tuple[int, ...]] = {}
        self._tokens = Tokens(self._weights)
        self._pairs = Pairs(self._weights, self._tokens)

    @property
    def cached(self) -> dict[str, int]:
        """The number of tokens, chunks and pairs in the caches."""
        return {
            "tokens": len(self._tokens),
            "chunks": len(self._chunks),
            "pairs": len(self._pairs),
        }

    def decision_function(self, texts: Sequence[str]) -> Floats:
        """Return linear scores, shape (texts, heads); the same as the pipeline's."""
        if len(self._tokens) > CACHED_TOKENS or len(self._chunks) > CACHED_CHUNKS:
            self.clear_cache()
        elif len(self._pairs) > CACHED_PAIRS:
            self._pairs.clear()
        messages = [self.ids(text) for text in texts]
        self._tokens.fill()
        self._pairs.fill(messages)
        owned = list(passages(messages))
        scores = self._linear([*messages, *(ids for _, ids in owned)])
        whole = scores[: len(texts)]
        if owned:
            raise_to_worst(whole, [owner for owner, _ in owned], scores[len(texts) :])
        return whole

    def _linear(self, pieces: Sequence[Sequence[int]]) -> Floats:
        """Return linear scores of token lists, without passages, shape (pieces, heads)."""
        tokens: list[int] = []
        pairs: list[int] = []
        starts: list[int] = []
        pair_starts: list[int] = []
        sizes: list[int] = []
        row_of = self._pairs.__getitem__
        unknown = self._weights.unknown
        for ids in pieces:
            distinct = dict.fromkeys(ids)
            neighbours = dict.fromkeys(pairwise(ids))
            starts.append(len(tokens))
            pair_starts.append(len(pairs))
            sizes.append(len(distinct) + len(neighbours))
            # A row of zeros comes first, because reduceat cannot sum an empty slice.
            tokens.append(0)
            tokens += distinct
            pairs.append(unknown)
            pairs += map(row_of, neighbours)
        sums = np.add.reduceat(self._tokens.table[tokens], starts)
        couples = np.add.reduceat(self._weights.table[pairs], pair_starts)
        by_word = WORD_SCALE * np.sqrt(np.maximum(sizes, 1))
        by_gram = GRAM_SCALE * np.sqrt(np.maximum(sums[:, -1], 1))
        words, grams = sums[:, :HEAD_COUNT] + couples, sums[:, HEAD_COUNT:-1]
        result: Floats = words / by_word[:, None] + grams / by_gram[:, None] + self._intercept
        return result

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities, shape (texts, classes); the same as the pipeline's."""
        out = np.empty((len(texts), HEAD_COUNT + 1))
        out[:, :HEAD_COUNT] = self._curves(self.decision_function(texts))
        np.subtract(1, out[:, :HEAD_COUNT].max(axis=1), out=out[:, HEAD_COUNT])
        return out

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text's tokens. They are valid until the cache is emptied."""
        ids: list[int] = []
        chunks = self._chunks
        for chunk in self._normaliser.prepare(text):
            found = chunks.get(chunk)
            ids += self._tokenise(chunk) if found is None else found
            if len(ids) >= MAX_TOKENS:
                return ids[:MAX_TOKENS]
        return ids

    def _tokenise(self, chunk: str) -> tuple[int, ...]:
        ids = self._tokens.ids_of(self._normaliser.chunk(chunk))
        if len(chunk) <= LONGEST_CACHED:
            self._chunks[chunk] = ids
        return ids

    def contributions(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Return what each token adds to each head's score, shape (tokens, heads).

        If a passage scored highest, tokens outside it add nothing. The weight of a pair is split
        between its two tokens, that of a repeated token between its occurrences. The sum over all
        tokens is the score minus the intercept, plus the margin if a passage scored highest.
        """
        self._tokens.fill()
        shares = self._shares(ids)
        ranges = windows(len(ids))
        if ranges:
            scores = self._linear([ids, *(ids[start:end] for start, end in ranges)])
            scores[1:] -= MARGIN
            for head, worst in enumerate(scores.argmax(axis=0)):
                if worst:
                    start, end = ranges[worst - 1]
                    shares[:, head] = 0
                    shares[start:end, head] = self._shares(ids[start:end])[:, head]
        return shares

    def _shares(self, ids: Sequence[int]) -> NDArray[np.float64]:
        if not ids:
            return np.zeros((0, HEAD_COUNT))
        place = {number: index for index, number in enumerate(dict.fromkeys(ids))}
        neighbours = list(dict.fromkeys(pairwise(ids)))
        rows = self._tokens.table[list(place)]
        by_word = WORD_SCALE * math.sqrt(len(place) + len(neighbours))
        by_gram = GRAM_SCALE * math.sqrt(max(float(rows[:, -1].sum()), 1))
        share = rows[:, :HEAD_COUNT] / by_word + rows[:, HEAD_COUNT:-1] / by_gram
        if neighbours:
            couples = [self._pairs[pair] for pair in neighbours]
            halves = self._weights.table[couples] / (2 * by_word)
            for side in (0, 1):
                np.add.at(share, [place[pair[side]] for pair in neighbours], halves)
        times = [0] * len(place)
        for number in ids:
            times[place[number]] += 1
        share /= np.array(times)[:, None]
        result: NDArray[np.float64] = share[[place[number] for number in ids]]
        return result
