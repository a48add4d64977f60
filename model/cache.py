"""Caches for serving: what each token adds to every head, and the row of each pair.

An entry is computed when its token or pair first occurs. Many are computed together with numpy. A
few are computed one by one, which is faster, and a single message rarely has more than a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.hashing import HashIndex, grams
from model.keys import gram_keys, pair_key, word_key

FEW_TOKENS: Final = 6
FEW_PAIRS: Final = 64
"""Up to this many are computed one by one, because that takes fewer numpy calls."""


class Weights:
    """The weights of every known feature, one row each, and a last row of zeros for unknown ones.

    ``keys`` is sorted, of shape (features,). ``weights`` has shape (features, heads).
    """

    def __init__(self, keys: NDArray[np.uint32], weights: NDArray[np.float64]) -> None:
        self.index = HashIndex(keys)
        self.table = np.vstack([weights, np.zeros((1, weights.shape[1]))])
        self.unknown = len(weights)


class Tokens:
    """Gives each token an id, from 1, and a row of what it adds to the scores.

    A row has the weights of the word, the summed weights of its n-grams, and their number.
    ``table`` has at least as many rows as there are ids, shape (rows, 2 * heads + 1). Row 0 is zero.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._heads = weights.table.shape[1]
        self.ids: dict[str, int] = {}
        self.names: list[str] = [""]
        self.table = np.zeros((1024, 2 * self._heads + 1))

    def __len__(self) -> int:
        return len(self.ids)

    def ids_of(self, tokens: Iterable[str]) -> tuple[int, ...]:
        """Return the ids of tokens. A new token gets its row with the next call of ``fill``."""
        ids = self.ids
        return tuple([ids.setdefault(token, len(ids) + 1) for token in tokens])

    def fill(self) -> None:
        """Compute the rows of all new tokens."""
        first = len(self.names)
        if len(self.ids) < first:
            return
        new = [*islice(self.ids, first - 1, None)]
        self.names += new
        while len(self.names) > len(self.table):
            self.table = np.vstack([self.table, np.zeros_like(self.table)])
        if len(new) <= FEW_TOKENS:
            for row, token in enumerate(new, start=first):
                self._fill_one(row, token)
        else:
            self._fill_all(slice(first, len(self.names)), new)

    def _fill_one(self, row: int, token: str) -> None:
        find, weights, heads = self._weights.index.find_one, self._weights.table, self._heads
        keys = gram_keys(token)
        self.table[row, :heads] = weights[find(word_key(token))]
        self.table[row, heads:-1] = weights[[find(key) for key in keys]].sum(axis=0)
        self.table[row, -1] = len(keys)

    def _fill_all(self, rows: slice, tokens: Sequence[str]) -> None:
        find, weights, heads = self._weights.index.find, self._weights.table, self._heads
        owners, keys, counts = grams(tokens)
        found = find(keys)
        known = found < self._weights.unknown
        owners, parts = owners[known], weights[found[known]]
        for head in range(heads):
            # The sums run in the order of the n-grams, as in _fill_one, so a score does not depend
            # on what else was computed in the same batch.
            self.table[rows, heads + head] = np.bincount(owners, parts[:, head], len(tokens))
        words = np.array([word_key(token) for token in tokens], dtype=np.uint32)
        self.table[rows, :heads] = weights[find(words)]
        self.table[rows, -1] = counts


class Pairs(dict[tuple[int, int], int]):
    """Maps a pair of neighbouring tokens to its row of weights. Missing pairs are looked up."""

    def __init__(self, weights: Weights, tokens: Tokens) -> None:
        self._index = weights.index
        self._tokens = tokens

    def __missing__(self, pair: tuple[int, int]) -> int:
        row = self[pair] = self._index.find_one(self._key(pair))
        return row

    def fill(self, messages: Sequence[Sequence[int]]) -> None:
        """Look up all new pairs of ``messages`` at once, if there are many."""
        if sum(map(len, messages)) <= FEW_PAIRS:
            return
        new = [*{pair for ids in messages for pair in pairwise(ids) if pair not in self}]
        keys = np.array([self._key(pair) for pair in new], dtype=np.uint32)
        self.update(zip(new, self._index.find(keys).tolist(), strict=True))

    def _key(self, pair: tuple[int, int]) -> int:
        names = self._tokens.names
        return pair_key(names[pair[0]], names[pair[1]])
