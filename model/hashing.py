"""Hash many strings at once, and look up many hashes at once.

``model.keys`` defines features by MurmurHash3 of one string at a time. Serving computes the same hashes here with numpy. A test checks that both agree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.keys import GRAM_SEED, LONGEST, SHORTEST, gram_keys, with_boundaries

Ints = NDArray[np.intp]
Hashes = NDArray[np.uint32]

_C1, _C2, _ADD = np.uint32(0xCC9E2D51), np.uint32(0x1B873593), np.uint32(0xE6546B64)
_TAILS: Final = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)


def murmur3(data: bytes, starts: Ints, lengths: Ints, seed: int) -> Hashes:
    """Return the 32-bit MurmurHash3 of pieces of ``data``.

    ``starts`` and ``lengths`` are in bytes. They and the result have shape (pieces,). Pieces may
    overlap.
    """
    padded = np.frombuffer(data + b"\0\0\0\0", dtype=np.uint8).astype(np.uint32)
    # For each byte, the four bytes from there as one little-endian number.
    fours = padded[:-3].copy()
    for place in (1, 2, 3):
        fours |= padded[place : len(padded) - 3 + place] << np.uint32(8 * place)
    hashes = np.full(len(starts), seed, dtype=np.uint32)
    blocks = lengths >> 2
    for block in range(int(blocks.max(initial=0))):
        longer = np.flatnonzero(blocks > block)
        mixed = hashes[longer] ^ _scrambled(fours[starts[longer] + 4 * block])
        hashes[longer] = _rotated(mixed, 13) * np.uint32(5) + _ADD
    hashes ^= _scrambled(fours[starts + 4 * blocks] & _TAILS[lengths & 3])
    hashes ^= lengths.astype(np.uint32)
    hashes ^= hashes >> 16
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> 13
    hashes *= np.uint32(0xC2B2AE35)
    hashes ^= hashes >> 16
    return hashes


def _rotated(numbers: Hashes, left: int) -> Hashes:
    return (numbers << np.uint32(left)) | (numbers >> np.uint32(32 - left))


def _scrambled(numbers: Hashes) -> Hashes:
    return _rotated(numbers * _C1, 15) * _C2


class Grams(NamedTuple):
    """The n-grams of several tokens.

    ``owners`` has the index of each n-gram's token and ``keys`` its hash, both of shape (n-grams,).
    They are in the order of the tokens, and within a token in the order of ``features.n_grams``.
    ``counts`` has the number of n-grams of each token, shape (tokens,).
    """

    owners: Ints
    keys: Hashes
    counts: Ints


def grams(tokens: Sequence[str]) -> Grams:
    """Return the distinct n-grams of each token; the same hashes as ``features.gram_keys``."""
    owners, keys, twice = _all_grams([with_boundaries(token) for token in tokens])
    if len(twice):
        # An n-gram counts once per token. The few words that repeat one ("banana") are redone.
        kept = ~np.isin(owners, twice)
        again = [(owner, key) for owner in twice.tolist() for key in gram_keys(tokens[owner])]
        owners = np.concatenate([owners[kept], np.array([o for o, _ in again], dtype=np.intp)])
        keys = np.concatenate([keys[kept], np.array([k for _, k in again], dtype=np.uint32)])
    order = np.argsort(owners, kind="stable")
    return Grams(owners[order], keys[order], np.bincount(owners, minlength=len(tokens)))


def _all_grams(words: Sequence[str]) -> tuple[Ints, Hashes, Ints]:
    """Return owners and hashes of all n-grams, and the words that may repeat one."""
    data = "".join(words).encode()
    # Byte offsets of the characters. In UTF-8, all but a character's first byte start with 0b10.
    is_start = np.frombuffer(data, dtype=np.uint8) & 0xC0 != 0x80  # noqa: PLR2004
    places = np.append(np.flatnonzero(is_start), len(data))
    lengths = np.fromiter(map(len, words), dtype=np.intp, count=len(words))
    owners = np.repeat(np.arange(len(words)), lengths)
    left = np.cumsum(lengths)[owners] - np.arange(len(owners))
    firsts = [np.flatnonzero(left >= size) for size in range(SHORTEST, LONGEST + 1)]
    starts = np.concatenate([places[first] for first in firsts])
    ends = np.concatenate([places[first + SHORTEST + more] for more, first in enumerate(firsts)])
    keys = murmur3(data, starts, ends - starts, GRAM_SEED)
    # If an n-gram is repeated, so is the shortest n-gram that it starts with.
    shortest = len(firsts[0])
    marked = np.sort(owners[firsts[0]] << 32 | keys[:shortest])
    twice = np.unique(marked[1:][marked[1:] == marked[:-1]] >> 32)
    return owners[np.concatenate(firsts)], keys, twice


class HashIndex:
    """Finds hashes in a sorted array of known hashes.

    Hashes are spread evenly, so few share the same leading bits. A table says where each such group
    starts, and a hash is compared with its group only.
    """

    def __init__(self, known: Hashes) -> None:
        bits = min(max(len(known).bit_length(), 1), 24)
        self._shift = 32 - bits
        groups = np.arange(2**bits + 1, dtype=np.uint64) << np.uint64(self._shift)
        begins = np.searchsorted(known, groups)
        self._begins = begins[:-1].astype(np.int32)
        self._most = int(np.diff(begins).max(initial=0))
        self._unknown = len(known)
        # Padding: a look-up may step past the last hash, but not past the first of these.
        self._known = np.append(known, np.full(self._most + 1, 2**32 - 1, dtype=np.uint32))
        self._each_begin, self._each = self._begins.data, self._known.data

    def find(self, keys: Hashes) -> Ints:
        """Return the row of each hash, and the number of rows where it is not known."""
        at = self._begins[keys >> np.uint32(self._shift)]
        for _ in range(self._most):
            at += self._known[at] < keys
        return np.where(self._known[at] == keys, at, self._unknown)

    def find_one(self, key: int) -> int:
        """Return the row of a hash, and the number of rows where it is not known."""
        begin = self._each_begin[key >> self._shift]
        at = bisect_left(self._each, key, begin, begin + self._most)
        return at if self._each[at] == key else self._unknown
