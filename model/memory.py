"""What serving remembers: for each token what it adds to every head, for each pair its row.

Both are worked out when first met: for many at once by numpy, for a few one by one, because a
single message rarely has more than a few that are new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model.features import gram_keys, pair_key, word_key
from model.hashing import Rows, grams

FEW_TOKENS: Final = 6
FEW_PAIRS: Final = 64
"""So many are worked out one by one: fewer calls of numpy than for all at once."""


class Weights:
    """The weights of every known feature, one row each, and a last row of zeros.

    ``keys`` has shape (features,) and is sorted, ``weights`` has shape (features, heads).
    """

    def __init__(self, keys: NDArray[np.uint32], weights: NDArray[np.float64]) -> None:
        self.rows = Rows(keys)
        self.table = np.vstack([weights, np.zeros((1, weights.shape[1]))])
        self.unknown = len(weights)


class Tokens:
    """Numbers tokens from 1, and has a row for each: its part as a word, its n-grams', how many.

    ``table`` has shape (tokens or more, 2 * heads + 1). Its row 0 is zero.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._heads = weights.table.shape[1]
        self.numbers: dict[str, int] = {}
        self.names: list[str] = [""]
        self.table = np.zeros((1024, 2 * self._heads + 1))

    def __len__(self) -> int:
        return len(self.numbers)

    def number(self, tokens: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of tokens; a new one has its row after the next ``learn``."""
        numbers = self.numbers
        return tuple([numbers.setdefault(token, len(numbers) + 1) for token in tokens])

    def learn(self) -> None:
        """Work out the rows of all tokens that have a number only."""
        first = len(self.names)
        if len(self.numbers) < first:
            return
        new = [*islice(self.numbers, first - 1, None)]
        self.names += new
        while len(self.names) > len(self.table):
            self.table = np.vstack([self.table, np.zeros_like(self.table)])
        if len(new) <= FEW_TOKENS:
            for row, token in enumerate(new, start=first):
                self._learn_one(row, token)
        else:
            self._learn_all(slice(first, len(self.names)), new)

    def _learn_one(self, row: int, token: str) -> None:
        find, weights, heads = self._weights.rows.find_one, self._weights.table, self._heads
        keys = gram_keys(token)
        self.table[row, :heads] = weights[find(word_key(token))]
        self.table[row, heads:-1] = weights[[find(key) for key in keys]].sum(axis=0)
        self.table[row, -1] = len(keys)

    def _learn_all(self, rows: slice, tokens: Sequence[str]) -> None:
        find, weights, heads = self._weights.rows.find, self._weights.table, self._heads
        owners, keys, counts = grams(tokens)
        found = find(keys)
        known = found < self._weights.unknown
        # Which token has which features, times their weights: adds up in the order of the n-grams,
        # as for one token, so that a score does not depend on what was learnt beside it.
        ends = np.searchsorted(owners[known], np.arange(len(tokens) + 1))
        ones = np.ones(int(ends[-1]))
        shape = (len(tokens), len(weights))
        self.table[rows, heads:-1] = sparse.csr_matrix((ones, found[known], ends), shape) @ weights
        words = np.array([word_key(token) for token in tokens], dtype=np.uint32)
        self.table[rows, :heads] = weights[find(words)]
        self.table[rows, -1] = counts


class Pairs(dict[tuple[int, int], int]):
    """The row of each pair of neighbouring tokens. One that is missing is looked up."""

    def __init__(self, weights: Weights, tokens: Tokens) -> None:
        self._rows = weights.rows
        self._tokens = tokens

    def __missing__(self, pair: tuple[int, int]) -> int:
        row = self[pair] = self._rows.find_one(self._key(pair))
        return row

    def learn(self, messages: Sequence[Sequence[int]]) -> None:
        """Look up all pairs in messages at once, where they are many."""
        if sum(map(len, messages)) <= FEW_PAIRS:
            return
        new = [*{pair for ids in messages for pair in pairwise(ids) if pair not in self}]
        keys = np.array([self._key(pair) for pair in new], dtype=np.uint32)
        self.update(zip(new, self._rows.find(keys).tolist(), strict=True))

    def _key(self, pair: tuple[int, int]) -> int:
        names = self._tokens.names
        return pair_key(names[pair[0]], names[pair[1]])
