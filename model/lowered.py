"""The trained pipeline as plain arrays and look-ups: the same scores, without per-call overhead.

Because features live inside a token or a pair of neighbours and add up (model/features.py), all a
message needs is one remembered vector for each distinct token and pair. What is remembered is
bounded; when a memory is full it starts anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from model.classes import HARMS
from model.features import GRAM_SCALE, WORD_SCALE
from model.heads import PLATT_SHARE, Calibration, Floats
from model.memory import Pairs, Tokens, Weights
from model.normalise import MAX_TOKENS
from model.passages import MARGIN, passages, raise_to_worst, windows

REMEMBERED_TOKENS: Final = 60_000
REMEMBERED_CHUNKS: Final = 120_000
REMEMBERED_PAIRS: Final = 400_000
LONGEST_REMEMBERED: Final = 40
"""Longer chunks are not remembered: they are hardly ever met twice."""

N: Final = len(HARMS)


class _Curves:
    """The heads' calibration curves as one: each head's piece is moved aside from the others.

    One interpolation for all heads instead of one each, which is half the time of a single message.
    """

    def __init__(self, calibrations: Sequence[Calibration]) -> None:
        self._low = np.array([curve.x[0] for curve in calibrations])
        self._high = np.array([curve.x[-1] for curve in calibrations])
        width = float((self._high - self._low).max()) + 1
        self._aside = np.arange(N) * width - self._low
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
    """A fitted pipeline, lowered. Not safe for several threads at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        vectorizer, heads = pipeline.named_steps["features"], pipeline.named_steps["heads"]
        self._normaliser = vectorizer.normaliser
        self._weights = Weights(vectorizer.keys_, heads.coefficients.T * vectorizer.idf_[:, None])
        self._intercept: Floats = heads.intercept_
        self._curves = _Curves(heads.calibrations_)
        self.forget()

    def forget(self) -> None:
        """Empty the memory of tokens, chunks and pairs."""
        self._chunks: dict[str, tuple[int, ...]] = {}
        self._tokens = Tokens(self._weights)
        self._pairs = Pairs(self._weights, self._tokens)

    @property
    def remembered(self) -> dict[str, int]:
        """How many tokens, chunks and pairs are in memory."""
        return {
            "tokens": len(self._tokens),
            "chunks": len(self._chunks),
            "pairs": len(self._pairs),
        }

    def decision_function(self, texts: Sequence[str]) -> Floats:
        """Return linear scores, shape (texts, heads), as the pipeline would."""
        if len(self._tokens) > REMEMBERED_TOKENS or len(self._chunks) > REMEMBERED_CHUNKS:
            self.forget()
        elif len(self._pairs) > REMEMBERED_PAIRS:
            self._pairs.clear()
        messages = [self.ids(text) for text in texts]
        self._tokens.learn()
        self._pairs.learn(messages)
        owned = list(passages(messages))
        scores = self._linear([*messages, *(ids for _, ids in owned)])
        whole = scores[: len(texts)]
        if owned:
            raise_to_worst(whole, [owner for owner, _ in owned], scores[len(texts) :])
        return whole

    def _linear(self, pieces: Sequence[Sequence[int]]) -> Floats:
        """Return the linear scores of token lists as they are, shape (pieces, heads)."""
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
            # A zero row leads each message, so that an empty one has something to add up.
            tokens.append(0)
            tokens += distinct
            pairs.append(unknown)
            pairs += map(row_of, neighbours)
        sums = np.add.reduceat(self._tokens.table[tokens], starts)
        couples = np.add.reduceat(self._weights.table[pairs], pair_starts)
        by_word = WORD_SCALE * np.sqrt(np.maximum(sizes, 1))
        by_gram = GRAM_SCALE * np.sqrt(np.maximum(sums[:, -1], 1))
        words, grams = sums[:, :N] + couples, sums[:, N:-1]
        result: Floats = words / by_word[:, None] + grams / by_gram[:, None] + self._intercept
        return result

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return probabilities, shape (texts, classes), as the pipeline would."""
        out = np.empty((len(texts), N + 1))
        out[:, :N] = self._curves(self.decision_function(texts))
        np.subtract(1, out[:, :N].max(axis=1), out=out[:, N])
        return out

    def ids(self, text: str) -> list[int]:
        """Return the tokens of a text by their numbers, which hold until ``forget``."""
        ids: list[int] = []
        chunks = self._chunks
        for chunk in self._normaliser.prepare(text):
            found = chunks.get(chunk)
            ids += self._learn(chunk) if found is None else found
            if len(ids) >= MAX_TOKENS:
                return ids[:MAX_TOKENS]
        return ids

    def _learn(self, chunk: str) -> tuple[int, ...]:
        ids = self._tokens.number(self._normaliser.chunk(chunk))
        if len(chunk) <= LONGEST_REMEMBERED:
            self._chunks[chunk] = ids
        return ids

    def contributions(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Return what each token adds to each head's score, shape (tokens, heads).

        Where a passage decided, its tokens do and the others nothing. A pair's part is shared by
        its two tokens, a repeated token's by its occurrences; the sum over the tokens is the score
        less the intercept, plus the margin where a passage decided.
        """
        self._tokens.learn()
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
            return np.zeros((0, N))
        place = {number: index for index, number in enumerate(dict.fromkeys(ids))}
        neighbours = list(dict.fromkeys(pairwise(ids)))
        rows = self._tokens.table[list(place)]
        by_word = WORD_SCALE * math.sqrt(len(place) + len(neighbours))
        by_gram = GRAM_SCALE * math.sqrt(max(float(rows[:, -1].sum()), 1))
        share = rows[:, :N] / by_word + rows[:, N:-1] / by_gram
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
