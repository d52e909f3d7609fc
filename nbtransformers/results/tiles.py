"""A matrix of similarities seen from afar: the means over tiles of it, of any number of texts at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nbtransformers.request import Measure
from nbtransformers.results.neighbours import similarities

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64] | Sequence[int] | slice

_SAMPLE = 16  # texts of a tile that stand for it, for measures that have no mean vector
_TILES_AT_ONCE = 16  # whose vectors are copied
_MEANS_KEPT = 64  # sides of tiles


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tiles:
    """The tiles of a matrix.

    Attributes:
        vectors: float32 `[text, dimension]`, one a row of the matrix.
        others: float32 `[other, dimension]`, one a column; None compares the texts with each other.
        measure: how alike two vectors are.

    Example:
        >>> values, starts, other_starts = Tiles(vectors, None, "cosine").means(slice(None), slice(None), 100, 100)
    """

    vectors: Vectors
    others: Vectors | None
    measure: Measure
    _kept: dict[tuple[bool, int, int], Vectors] = field(default_factory=dict[tuple[bool, int, int], Vectors])

    def means(
        self, rows: Rows, columns: Rows, most: int, columns_most: int
    ) -> tuple[Vectors, NDArray[np.int64], NDArray[np.int64]]:
        """As `Similarity.tiles`: the means `[tile, tile]`, and where the tiles begin, `[tile + 1]` a side."""
        texts, others = self.vectors, self.vectors if self.others is None else self.others
        numbers, other_numbers = _numbers(rows, len(texts)), _numbers(columns, len(others))
        starts, other_starts = _cuts(len(numbers), most), _cuts(len(other_numbers), columns_most)
        if self.measure in ("cosine", "dot"):
            # The mean of products is the product of means: no pair has to be looked at.
            down = self._mean_vectors(numbers, starts, theirs=False)
            across = self._mean_vectors(other_numbers, other_starts, theirs=self.others is not None)
            values = down @ across.T
            return values if self.measure == "dot" else np.clip(values, -1, 1), starts, other_starts
        some, some_others = numbers[_sampled(starts)].ravel(), other_numbers[_sampled(other_starts)].ravel()
        found = similarities(texts[some], others[some_others], self.measure)
        return _mean_of_tiles(found, len(starts) - 1, len(other_starts) - 1), starts, other_starts

    def _mean_vectors(self, rows: NDArray[np.int64], starts: NDArray[np.int64], *, theirs: bool) -> Vectors:
        """The mean vectors of tiles; the last ones are kept, since a picture asks for them again."""
        key = (theirs, len(starts), hash(rows.tobytes()))
        means = self._kept.pop(key, None)
        if means is None:
            vectors = self.others if theirs and self.others is not None else self.vectors
            means = _means(vectors, rows, starts, self.measure)
        self._kept[key] = means
        if len(self._kept) > _MEANS_KEPT:
            self._kept.pop(next(iter(self._kept)))
        return means


def _numbers(rows: Rows, length: int) -> NDArray[np.int64]:
    return np.arange(length)[rows] if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)


def _cuts(rows: int, most: int) -> NDArray[np.int64]:
    """Where so many tiles, at most, begin, and the end."""
    return np.linspace(0, rows, min(rows, most) + 1).round().astype(np.int64)


def _means(vectors: Vectors, rows: NDArray[np.int64], starts: NDArray[np.int64], measure: Measure) -> Vectors:
    """The mean of the finite vectors of each tile `[tile, dimension]`, of length 1 for the cosine; NaN without any."""
    means = np.full((len(starts) - 1, vectors.shape[1]), np.nan, dtype=np.float32)
    for first in range(0, len(means), _TILES_AT_ONCE):
        cuts = starts[first : first + _TILES_AT_ONCE + 1]
        part = vectors[rows[cuts[0] : cuts[-1]]]
        finite = np.isfinite(part[:, 0])  # a vector is whole, or not there
        part[~finite] = 0
        if measure == "cosine":
            part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), np.float32(1e-12))
        sums = np.add.reduceat(part, cuts[:-1] - cuts[0], axis=0)
        number = np.add.reduceat(finite.astype(np.float32), cuts[:-1] - cuts[0])[:, None]
        means[first : first + len(sums)] = np.where(number > 0, sums / np.maximum(number, 1), np.float32("nan"))
    return means


def _sampled(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Evenly spaced members of each tile, `[tile, sample]`."""
    share = (np.arange(_SAMPLE) + 0.5) / _SAMPLE
    return (starts[:-1, None] + np.diff(starts)[:, None] * share).astype(np.int64)


def _mean_of_tiles(found: Vectors, rows: int, columns: int) -> Vectors:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a tile without any
        return np.nanmean(found.reshape(rows, _SAMPLE, columns, _SAMPLE), axis=(1, 3)).astype(np.float32)
