"""A rectangle of an attention map seen from afar or from near: bounded work and memory at any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attentionmaps import Floats, NoHeadError

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

Stretch = tuple[int, int, int]
"""From which token, to which, and in how many cells at most."""

Numbers = NDArray[np.int64]

_BAND = 2**22  # weights in memory at a time: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A part of a map.

    Attributes:
        values: float32 `[row, column]`, the greatest weight of each cell, or the mean.
        row_starts, column_starts: int64 `[cell + 1]`, the tokens that the cells begin with, and the end.
        sampled: whether only some queries of a cell were looked at.
        row_most: float32 `[row]`, the greatest size of such a value in the whole row, within the tile or not.
    """

    values: Floats
    row_starts: Numbers
    column_starts: Numbers
    sampled: bool
    row_most: Floats

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
    shown: tuple[Numbers, Numbers] | None = None,
) -> Tile:
    """A part of the map of a head, or of the mean of several.

    Args:
        attention: whose, with the part to look at.
        layer: the layer.
        heads: one head, or those whose mean is meant.
        rows, columns: from which token, to which, and in how many cells at most.
        mean: the mean of each cell; else the greatest weight, of a difference the one that is farthest from 0.
        most: weights to compute; where there are more in these rows, some stand for the others.
        shown: the numbers of the queries and of the keys that the map is of, which `rows` and `columns` then count;
            None is all.
    """
    row_starts, column_starts = (start + cuts(stop - start, cells) for start, stop, cells in (rows, columns))
    taken = _taken(row_starts, most // max(1, attention.shape.keys * len(heads)))
    total = attention.shape.keys if shown is None else len(shown[1])
    # The other columns too, so that it is known how great a row is elsewhere: cells as wide as the tile's.
    width = max(1, (columns[1] - columns[0]) // (len(column_starts) - 1))
    elsewhere = np.arange(0, 0 if columns[:2] == (0, total) else total, width)
    narrow = np.empty((len(taken), len(column_starts) - 1), np.float32)
    wide = np.empty((len(taken), len(elsewhere)), np.float32)
    band = max(1, _BAND // max(1, attention.shape.keys))
    for first in range(0, len(taken), band):
        numbers = taken[first : first + band]
        place, each = slice(first, first + len(numbers)), np.arange(len(numbers))
        weights = mean_weights(attention, layer, heads, numbers if shown is None else shown[0][numbers])
        weights = weights if shown is None else weights[:, shown[1]]
        part, begun = weights[:, columns[0] : columns[1]], column_starts[:-1] - columns[0]
        narrow[place] = pooled(part, each, begun, signed=attention.signed, mean=mean)
        if len(elsewhere):
            wide[place] = pooled(weights, each, elsewhere, signed=attention.signed, mean=mean)
    begun = np.searchsorted(taken, row_starts[:-1])
    values, *wider = (
        pooled(one, begun, np.arange(one.shape[1]), signed=attention.signed, mean=mean)
        for one in (narrow, wide)
        if one.shape[1]
    )
    row_most = np.nan_to_num(np.abs(np.concatenate([values, *wider], axis=1))).max(axis=1)
    return Tile(values, row_starts, column_starts, len(taken) < rows[1] - rows[0], row_most)


def cuts(length: int, most: int) -> Numbers:
    """Where so many cells, at most, begin, and the end: int64 `[cell + 1]`."""
    return np.linspace(0, length, min(length, most) + 1).round().astype(np.int64)


def pooled(weights: Floats, rows: Numbers, columns: Numbers, *, signed: bool = False, mean: bool = False) -> Floats:
    """The greatest weight of each cell, or the mean: float32 `[row, column]`.

    Args:
        weights: float32 `[query, key]`.
        rows, columns: where the cells begin, the first at 0.
        signed: they are differences, of which the one farthest from 0 is the greatest; NaN, where tokens have no
            partner, does not count unless there is nothing else.
        mean: the mean instead.
    """
    if mean:
        return _means(weights, rows, columns)
    if not signed:
        return _taken_together(np.maximum, weights, rows, columns)
    top = _taken_together(np.fmax, weights, rows, columns)
    low = _taken_together(np.fmin, weights, rows, columns)
    return np.where(-low > top, low, top)


def _taken_together(by: np.ufunc, weights: Floats, rows: Numbers, columns: Numbers) -> Floats:
    """By a function of two, each cell; a side whose cells are single ones is as it is, which costs nothing."""
    down = weights if len(rows) == len(weights) else by.reduceat(weights, rows, axis=0)
    return down if len(columns) == down.shape[1] else by.reduceat(down, columns, axis=1)


def _means(weights: Floats, rows: Numbers, columns: Numbers) -> Floats:
    there = np.isfinite(weights)
    values = np.where(there, weights, 0)
    sums, counts = (
        np.add.reduceat(np.add.reduceat(one, rows, axis=0, dtype=np.float64), columns, axis=1)
        for one in (values, there)
    )
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0).astype(np.float32)


def mean_weights(attention: Attention, layer: int, heads: Sequence[int], rows: Numbers) -> Floats:
    """Float32 `[row, key]`: some queries of a head, or of the mean of several: of all, of as many as the layer has."""
    maps, part = attention.maps, attention.part
    if len(heads) == 1:
        return maps.weights(part, layer, heads[0], rows)
    total, there = np.zeros((len(rows), attention.shape.keys), np.float32), 0
    for head in heads:
        try:
            total += maps.weights(part, layer, head, rows)
        except NoHeadError:
            if not there or not isinstance(heads, range):
                raise
            break
        there += 1
    return total / np.float32(there)


def _taken(starts: Numbers, affordable: int) -> Numbers:
    """The queries of the cells that are looked at: all of them, or evenly spaced ones, of every cell one at least."""
    total, cells = int(starts[-1] - starts[0]), len(starts) - 1
    if total <= affordable:
        return np.arange(starts[0], starts[-1])
    each = max(1, affordable // cells)
    share = (np.arange(each) + 0.5) / each
    return np.unique((starts[:-1, None] + np.diff(starts)[:, None] * share).astype(np.int64))
