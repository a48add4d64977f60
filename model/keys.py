"""How features are identified and scaled: what serving needs of them, without scikit-learn."""

from __future__ import annotations

from typing import Final

from mmh3 import hash as murmur3_32

SHORTEST, LONGEST = 2, 5
"""Lengths of character n-grams."""

TOKEN_LENGTH: Final = 24
"""N-grams are taken from this many characters of a token."""

GRAM_SEED: Final = 3
"""The hash seed for n-grams. Words and pairs have other seeds."""

WORD_SCALE, GRAM_SCALE = 6.5, 5.0
"""Close to a typical inverse document frequency.

They give both blocks about the length that an L2 norm would, so the usual regularisation fits.
"""


def with_boundaries(token: str) -> str:
    """Return ``<token>``, from which n-grams are taken, or "" for numbers and punctuation."""
    return f"<{token[:TOKEN_LENGTH]}>" if token[0].isalpha() else ""


def n_grams(token: str) -> list[str]:
    """Return the distinct character n-grams of ``<token>``; none for numbers and punctuation."""
    word = with_boundaries(token)
    return list(
        dict.fromkeys(
            word[start : start + length]
            for length in range(SHORTEST, LONGEST + 1)
            for start in range(len(word) - length + 1)
        )
    )


def word_key(token: str) -> int:
    """Return the hash of a token as a word, 0 to 2**32 - 1."""
    return murmur3_32(token, 1, signed=False)


def pair_key(first: str, second: str) -> int:
    """Return the hash of two neighbouring tokens."""
    return murmur3_32(f"{first} {second}", 2, signed=False)


def gram_keys(token: str) -> list[int]:
    """Return the hashes of a token's n-grams."""
    return [murmur3_32(gram, GRAM_SEED, signed=False) for gram in n_grams(token)]
