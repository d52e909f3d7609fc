"""A rectangle of an attention map seen from afar or from near: bounded work and memory at any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attentionmaps import Floats

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

Stretch = tuple[int, int, int]
"""From which token, to which, and in how many cells at most."""

_BAND = 2**22  # weights in memory at a time: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A part of a map.

    Attributes:
        values: float32 `[row, column]`, the greatest weight of each cell, or the mean.
        row_starts, column_starts: int64 `[cell + 1]`, the tokens that the cells begin with, and the end.
        sampled: whether only some queries of a cell were looked at.
    """

    values: Floats
    row_starts: NDArray[np.int64]
    column_starts: NDArray[np.int64]
    sampled: bool

    @property
    def exact(self) -> bool:
        """Whether each cell is one weight."""
        starts = (self.row_starts, self.column_starts)
        return not self.sampled and all(starts[at][-1] - starts[at][0] == self.values.shape[at] for at in (0, 1))


def tile(
    attention: Attention,
    layer: int,
    heads: Sequence[int],
    rows: Stretch,
    columns: Stretch,
    *,
    mean: bool = False,
    most: int,
) -> Tile:
    """A part of the map of a head, or of the mean of several.

    Args:
        attention: whose, with the part to look at.
        layer: the layer.
        heads: one head, or those whose mean is meant.
        rows, columns: from which token, to which, and in how many cells at most.
        mean: the mean of each cell; else the greatest weight, of a difference the one that is farthest from 0.
        most: weights to compute; where there are more in these rows, some stand for the others.
    """
    row_starts, column_starts = (start + cuts(stop - start, cells) for start, stop, cells in (rows, columns))
    keys = attention.shape.keys
    taken = _taken(row_starts, most // max(1, keys * len(heads)))
    narrow = np.empty((len(taken), len(column_starts) - 1), np.float32)
    band = max(1, _BAND // max(1, keys))
    for first in range(0, len(taken), band):
        numbers = taken[first : first + band]
        part = mean_weights(attention, layer, heads, numbers)[:, columns[0] : columns[1]]
        single = np.arange(len(numbers))
        begun = column_starts[:-1] - columns[0]
        narrow[first : first + band] = pooled(part, single, begun, signed=attention.signed, mean=mean)
    begun = np.searchsorted(taken, row_starts[:-1])
    values = pooled(narrow, begun, np.arange(narrow.shape[1]), signed=attention.signed, mean=mean)
    return Tile(values, row_starts, column_starts, len(taken) < rows[1] - rows[0])


def cuts(length: int, most: int) -> NDArray[np.int64]:
    """Where so many cells, at most, begin, and the end: int64 `[cell + 1]`."""
    return np.linspace(0, length, min(length, most) + 1).round().astype(np.int64)


def pooled(
    weights: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64], *, signed: bool = False, mean: bool = False
) -> Floats:
    """The greatest weight of each cell, or the mean: float32 `[row, column]`.

    Args:
        weights: float32 `[query, key]`.
        rows, columns: where the cells begin, the first at 0.
        signed: the value that is farthest from 0 is the greatest.
        mean: the mean instead.
    """
    if mean:
        sums = np.add.reduceat(np.add.reduceat(weights, rows, axis=0, dtype=np.float64), columns, axis=1)
        sizes = (np.diff(rows, append=len(weights)), np.diff(columns, append=weights.shape[1]))
        return (sums / np.outer(*sizes)).astype(np.float32)
    top = np.maximum.reduceat(np.maximum.reduceat(weights, rows, axis=0), columns, axis=1)
    if not signed:
        return top
    low = np.minimum.reduceat(np.minimum.reduceat(weights, rows, axis=0), columns, axis=1)
    return np.where(-low > top, low, top)


def mean_weights(attention: Attention, layer: int, heads: Sequence[int], rows: NDArray[np.int64]) -> Floats:
    """Float32 `[row, key]`: some queries of a head, or of the mean of several."""
    maps, part = attention.maps, attention.part
    if len(heads) == 1:
        return maps.weights(part, layer, heads[0], rows)
    total = np.zeros((len(rows), attention.shape.keys), np.float32)
    for head in heads:
        total += maps.weights(part, layer, head, rows)
    return total / np.float32(len(heads))


def _taken(starts: NDArray[np.int64], affordable: int) -> NDArray[np.int64]:
    """The queries of the cells that are looked at: all of them, or evenly spaced ones, of every cell one at least."""
    total, cells = int(starts[-1] - starts[0]), len(starts) - 1
    if total <= affordable:
        return np.arange(starts[0], starts[-1])
    each = max(1, affordable // cells)
    share = (np.arange(each) + 0.5) / each
    return np.unique((starts[:-1, None] + np.diff(starts)[:, None] * share).astype(np.int64))
