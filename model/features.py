"""The features of a text: words, pairs of neighbouring words, and character n-grams.

Every feature belongs to one token or to one pair of neighbours, and their weights add up. A text is
the set of its distinct tokens, the set of its distinct pairs, and the n-grams inside its tokens.
Each block is scaled by a number that depends on counts only:

    words and pairs:    1 / (WORD_SCALE * sqrt(tokens + pairs))
    character n-grams:  1 / (GRAM_SCALE * sqrt(n-grams of all distinct tokens, with repeats))

TF-IDF's L2 norm would need the whole text. These scales rank as well (docs/lab-notebook.md), and
serving can compute what a token adds to each score once and cache it.

A feature is identified by a 32-bit hash, so the artefact stores no strings. About one unknown
feature in 20,000 has the hash of a known one, which has no measurable effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from model.keys import GRAM_SCALE, WORD_SCALE, gram_keys, n_grams, pair_key, word_key
from model.normalise import Normaliser


class ChatVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns texts into a sparse matrix of features, as a scikit-learn transformer.

    Parameters: ``normaliser`` makes the tokens. ``min_count`` is the number of training texts that
    a word or pair must occur in; for an n-gram, the texts of each of its tokens are added up.

    Fitted attributes: ``keys_`` has the sorted hashes of the known features. ``idf_`` has the
    factor that each column is multiplied by, shape (features,).
    """

    def __init__(self, normaliser: Normaliser, min_count: int = 3) -> None:
        self.normaliser = normaliser
        self.min_count = min_count

    def fit(self, texts: Iterable[str], y: Any = None) -> Self:  # noqa: ANN401
        """Learn the features of ``texts`` and how rare each one is."""
        del y
        return self.fit_tokens([self.normaliser.tokens(text) for text in texts])

    def fit_tokens(self, messages: Sequence[Sequence[str]]) -> Self:
        """Fit to messages that are already tokenised."""
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for tokens in messages:
            words.update(set(tokens))
            pairs.update(set(pairwise(tokens)))
        counts: Counter[int] = Counter()
        for token, count in words.items():
            for key in gram_keys(token):
                counts[key] += count
            counts[word_key(token)] += count
        for pair, count in pairs.items():
            if count >= self.min_count:
                counts[pair_key(*pair)] += count
        kept = sorted((key, n) for key, n in counts.items() if n >= self.min_count)
        self.keys_ = np.array([key for key, _ in kept], dtype=np.uint32)
        frequency = np.minimum([n for _, n in kept], len(messages))
        # Smoothed inverse document frequency, as in scikit-learn's TfidfTransformer.
        self.idf_ = np.log((1 + len(messages)) / (1 + frequency)) + 1
        return self

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return the features of texts, shape (texts, features)."""
        return self.transform_tokens(self.normaliser.tokens(text) for text in texts)

    def transform_tokens(self, messages: Iterable[Sequence[str]]) -> sparse.csr_matrix:
        """Return the features of messages that are already tokenised, shape (messages, features)."""
        tokens: dict[str, int] = {}
        pairs: dict[tuple[str, str], int] = {}
        token_lists = []
        pair_lists = []
        for message in messages:
            distinct = dict.fromkeys(message)
            token_lists.append([tokens.setdefault(token, len(tokens)) for token in distinct])
            neighbours = dict.fromkeys(pairwise(message))
            pair_lists.append([pairs.setdefault(pair, len(pairs)) for pair in neighbours])
        # (message, token) times (token, feature) is (message, feature). This hashes each token
        # once instead of once for each occurrence.
        has_token = _incidence(token_lists, len(tokens))
        has_pair = _incidence(pair_lists, len(pairs))
        words = self._columns([[word_key(token)] for token in tokens])
        grams = self._columns([gram_keys(token) for token in tokens])
        couples = self._columns([[pair_key(*pair)] for pair in pairs])
        sizes = np.array([len(n_grams(token)) for token in tokens], dtype=np.float64)
        n_tokens = np.asarray(has_token.sum(axis=1)).ravel()
        n_pairs = np.asarray(has_pair.sum(axis=1)).ravel()
        by_word = 1 / (WORD_SCALE * np.sqrt(np.maximum(n_tokens + n_pairs, 1)))
        by_gram = 1 / (GRAM_SCALE * np.sqrt(np.maximum(has_token @ sizes, 1)))
        matrix = sparse.diags(by_word) @ (has_token @ words + has_pair @ couples)
        return sparse.csr_matrix(matrix + sparse.diags(by_gram) @ (has_token @ grams))

    def _columns(self, keys: Sequence[Sequence[int]]) -> sparse.csr_matrix:
        """Return a row for each list of keys, with the IDF of each known key in its column."""
        flat = np.array([key for row in keys for key in row], dtype=np.uint32)
        rows = np.repeat(np.arange(len(keys)), [len(row) for row in keys])
        columns = np.minimum(np.searchsorted(self.keys_, flat), max(len(self.keys_) - 1, 0))
        known = self.keys_[columns] == flat if len(self.keys_) else np.zeros(len(flat), dtype=bool)
        rows, columns = rows[known], columns[known]
        shape = (len(keys), len(self.keys_))
        return sparse.csr_matrix((self.idf_[columns], (rows, columns)), shape=shape)

    def restricted(self, columns: NDArray[np.int_]) -> ChatVectorizer:
        """Return a vectorizer with only these features, and without IDF."""
        smaller = ChatVectorizer(self.normaliser, self.min_count)
        smaller.keys_ = self.keys_[columns]
        smaller.idf_ = np.ones(len(columns))
        return smaller


def _incidence(lists: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    ends = np.cumsum([0, *map(len, lists)])
    indices = np.fromiter((index for row in lists for index in row), dtype=np.int64)
    ones = np.ones(len(indices))
    return sparse.csr_matrix((ones, indices, ends), shape=(len(lists), width))
