"""Which vectors are most alike: exact, by blocks, in memory that does not grow with the number of comparisons.

The products are float32 and find the candidates, with some room for rounding. The candidates are then compared in
float64, each alone, so that the scores and the order of ties do not depend on how the blocks were cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, shown
from nbtransformers.request import Measure

Vectors = NDArray[np.float32]

_BLOCK = 2**23  # scores in memory at a time: 32 MiB
_PART = 2**21  # numbers of vectors that are compared in float64 at a time: 16 MiB
_MOST_TIED = 200_000  # pairs of a block that are too close to tell apart in float32, and are compared in float64
_GROUPS = 1_024  # of keys, whose greatest are looked at first
_ROUNDING = 1e-5  # of a float32 product, relative to the lengths of the vectors


def check_count(name: str, value: object) -> None:
    """Refuse what is no whole number of 1 or more, as the argument `name` of a method."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise UserError(f"`{name}` is {shown(value)}.", hint=f"Type a whole number of 1 or more: `{name}=1`.")


def nearest(queries: Vectors, vectors: Vectors, k: int, measure: Measure) -> tuple[NDArray[np.int64], Vectors]:
    """The most similar vectors of each query, the best first; of equal ones the first.

    Args:
        queries: float32 `[query, dimension]`.
        vectors: float32 `[text, dimension]`; rows with a number that is not finite are left out.
        k: how many, at most.
        measure: how alike two vectors are.

    Returns:
        Their numbers `[query, rank]` and scores `[query, rank]`; -1 and NaN for a query that is not finite.

    Example:
        >>> rows, scores = nearest(result.vectors[:1], result.vectors, 5, "cosine")
    """
    space = _Space.of(vectors, measure)
    k = min(k, int(space.finite.sum()))
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), np.nan, dtype=np.float32)
    asked = np.flatnonzero(np.isfinite(queries).all(axis=1)) if k else np.empty(0, dtype=np.int64)
    for some in _blocks(asked, len(vectors)):
        keys, slack = space.keys(queries[some])
        bounds = _bounds(keys, k) - slack
        for query, row_keys, bound in zip(some.tolist(), keys, bounds, strict=True):
            candidates = np.flatnonzero((row_keys >= bound) & (row_keys > -np.inf))
            rows[query], scores[query] = _best(space, queries[query], candidates, k)
    return rows, scores


def similar_pairs(
    vectors: Vectors, k: int, measure: Measure, others: Vectors | None = None
) -> tuple[NDArray[np.int64], Vectors]:
    """The most similar pairs, the best first; of equal ones the first.

    Every vector is compared with every other, block by block: seconds for 20,000, a minute or so for 100,000.

    Args:
        vectors: float32 `[text, dimension]`; rows with a number that is not finite are left out.
        k: how many, at most.
        measure: how alike two vectors are.
        others: float32 `[other, dimension]`, to pair the vectors with; None pairs them with each other, each pair once.

    Returns:
        The two numbers `[pair, 2]` and the scores `[pair]`.
    """
    space = _Space.of(vectors if others is None else others, measure)
    held = np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    for some in _blocks(np.flatnonzero(np.isfinite(vectors).all(axis=1)), len(space.vectors)):
        # Each pair once: of a block's own columns those above the diagonal, and none before them.
        first = 0 if others is not None else int(some[0])
        keys, slack = space.keys(vectors[some], first)
        if others is None:
            own = int(some[-1]) - first + 1
            keys[:, :own][np.arange(first, first + own) <= some[:, None]] = -np.inf
        found = _candidates(keys, slack, k, space.key(held[1][k - 1]) if len(held[1]) == k else -np.inf)
        pairs = np.stack([some[found // keys.shape[1]], first + found % keys.shape[1]], axis=1)
        scores = _compared(vectors, space.vectors, pairs, measure)
        held = _merged((np.concatenate([held[0], pairs]), np.concatenate([held[1], scores])), k)
    return held


def similarities(rows: Vectors, columns: Vectors, measure: Measure) -> Vectors:
    """How alike every row is to every column, float32 `[row, column]`; NaN where one of the two is not finite."""
    if measure == "cosine":
        return np.clip(_unit(rows) @ _unit(columns).T, -1, 1)
    if measure == "dot":
        return rows @ columns.T
    if measure == "manhattan":
        from scipy.spatial.distance import cdist

        return -cdist(rows, columns, "cityblock").astype(np.float32)
    # In float64: the difference of squares would leave nothing of a small distance.
    a, b = rows.astype(np.float64), columns.astype(np.float64)
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * (a @ b.T)
    return -np.sqrt(np.maximum(squares, 0)).astype(np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))


@dataclass(frozen=True, slots=True)
class _Space:
    """The vectors that are compared with, and what is needed of them again and again.

    Attributes:
        vectors: float32 `[text, dimension]`.
        measure: how alike two are.
        finite: bool `[text]`, which of them can be compared.
        norms: float32 `[text]`, their lengths.
        are_unit: whether these are 1, to rounding.
    """

    vectors: Vectors
    measure: Measure
    finite: NDArray[np.bool_]
    norms: Vectors
    are_unit: bool

    @classmethod
    def of(cls, vectors: Vectors, measure: Measure) -> _Space:
        # `norm` of a million vectors would square them all at once.
        norms = np.concatenate([np.empty(0, np.float32), *(_norms(part) for part in _parts(vectors))])
        finite = np.isfinite(norms)
        return cls(vectors, measure, finite, norms, bool(np.abs(norms[finite] - 1).max(initial=0) < _ROUNDING / 10))

    def keys(self, queries: Vectors, first: int = 0) -> tuple[Vectors, NDArray[np.float32]]:
        """A key `[query, text]` that grows with the score, and how far it may be off `[query]`; -inf for no score.

        With `first`, only of the texts from that one on.
        """
        with np.errstate(invalid="ignore", over="ignore"):  # of vectors that are left out
            keys, slack = self._keys(queries, first)
        finite = self.finite[first:]
        if not finite.all():
            keys[:, ~finite] = -np.inf
        return keys, slack.astype(np.float32)

    def _keys(self, queries: Vectors, first: int) -> tuple[Vectors, NDArray[np.float32]]:
        vectors, norms = self.vectors[first:], self.norms[first:]
        lengths, longest = _norms(queries), float(self.norms[self.finite].max(initial=0))
        if self.measure == "manhattan":
            keys = similarities(queries, vectors, "manhattan")
            return keys, _ROUNDING * np.abs(keys[:, self.finite[first:]]).max(axis=1, initial=0)
        if self.measure == "cosine":
            keys = _unit(queries) @ vectors.T
            if not self.are_unit:
                keys /= np.maximum(norms, np.float32(1e-12))
            return keys, np.full_like(lengths, _ROUNDING)
        keys = queries @ vectors.T
        if self.measure == "dot":
            return keys, _ROUNDING * lengths * longest
        # Minus the square of the distance.
        keys *= 2
        keys -= norms**2
        keys -= lengths[:, None] ** 2
        return keys, _ROUNDING * (lengths + longest) ** 2

    def key(self, score: float) -> float:
        """The key of a score."""
        return -(float(score) ** 2) if self.measure == "euclidean" else float(score)


def _norms(vectors: Vectors) -> Vectors:
    return np.sqrt(np.einsum("td,td->t", vectors, vectors))


def _parts(vectors: Vectors) -> Iterator[Vectors]:
    most = max(1, _PART // max(1, vectors.shape[1]))
    yield from (vectors[start : start + most] for start in range(0, len(vectors), most))


def _blocks(rows: NDArray[np.int64], columns: int) -> Iterator[NDArray[np.int64]]:
    most = max(1, _BLOCK // max(1, columns))
    yield from (rows[start : start + most] for start in range(0, len(rows), most))


def _best(space: _Space, query: Vectors, candidates: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], Vectors]:
    """The best `k` of some rows, compared exactly."""
    pairs = np.stack([np.zeros_like(candidates), candidates], axis=1)
    scores = _compared(query[None], space.vectors, pairs, space.measure)
    found, best = _merged((pairs, scores), k)
    return found[:, 1], best


def _bounds(keys: Vectors, k: int) -> NDArray[np.float32]:
    """Something that at least `k` keys of each row reach, near the least of the best `k`: `[row]`.

    The k-th of the greatest of so many groups is that, and much sooner found than the k-th of all.
    """
    rows, columns = keys.shape
    groups = min(columns, max(_GROUPS, 4 * k))
    greatest = keys[:, : columns // groups * groups].reshape(rows, -1, groups).max(axis=1)
    return np.partition(greatest, groups - k, axis=1)[:, groups - k]


def _candidates(keys: Vectors, slack: NDArray[np.float32], k: int, bound: float) -> NDArray[np.int64]:
    """Where in a block, flattened, the best `k` pairs may be, none of which is worse than a bound."""
    flat, room = keys.ravel(), float(slack.max(initial=0))
    if len(flat) > k:
        bound = max(bound, float(_bounds(flat[None], k)[0]))
    found = np.flatnonzero(flat >= bound - room)
    found = found[np.isfinite(flat[found])]
    if len(found) <= k + _MOST_TIED:
        return found
    bound = float(np.partition(flat[found], len(found) - k)[len(found) - k])
    certain, close = flat[found] > bound + room, flat[found] >= bound - room
    return np.sort(np.concatenate([found[certain], found[close & ~certain][:_MOST_TIED]]))


def _compared(rows: Vectors, columns: Vectors, pairs: NDArray[np.int64], measure: Measure) -> Vectors:
    """The scores of some pairs, each compared alone: float32 `[pair]`."""
    most = max(1, _PART // max(1, rows.shape[1]))
    parts = (pairs[start : start + most] for start in range(0, len(pairs), most))
    return np.concatenate([np.empty(0, np.float32), *(_exact(rows, columns, part, measure) for part in parts)])


def _exact(rows: Vectors, columns: Vectors, pairs: NDArray[np.int64], measure: Measure) -> Vectors:
    a, b = rows[pairs[:, 0]].astype(np.float64), columns[pairs[:, 1]].astype(np.float64)
    if measure == "manhattan":
        score = -np.abs(a - b).sum(axis=1)
    elif measure == "euclidean":
        score = -np.sqrt(((a - b) ** 2).sum(axis=1))
    else:
        score = (a * b).sum(axis=1)
        if measure == "cosine":
            squares = (a * a).sum(axis=1) * (b * b).sum(axis=1)
            score = np.clip(score / np.maximum(np.sqrt(squares), 1e-24), -1, 1)
    return score.astype(np.float32)


def _merged(found: tuple[NDArray[np.int64], Vectors], k: int) -> tuple[NDArray[np.int64], Vectors]:
    """The best `k` of some pairs, by score, then by their numbers."""
    pairs, scores = found
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))[:k]
    return pairs[order], scores[order]
