"""A head seen from afar: the largest, or the mean, weight in each cell of a grid; and its strongest weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attentionblocks import Numbers, blocks, evenly
from nbtransformers.results.attentionmaps import Floats

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

Pooling = Literal["max", "mean"]

_QUICK = 4  # queries of a cell that stand for it in a quick look


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A part of a head as a grid of cells.

    Attributes:
        values: float32 `[row cell, column cell]`; NaN where no weight is known.
        row_starts: int64 `[row cell + 1]`, the query that each begins with, and the end.
        column_starts: int64 `[column cell + 1]`, the same of the keys.
        sampled: whether the cells were taken from some of their queries only.
    """

    values: Floats
    row_starts: Numbers
    column_starts: Numbers
    sampled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The strongest weights of some heads, the strongest first.

    Attributes:
        heads: int64 `[edge]`.
        queries: int64 `[edge]`.
        keys: int64 `[edge]`.
        weights: float32 `[edge]`.
    """

    heads: Numbers
    queries: Numbers
    keys: Numbers
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)


def tile(
    attention: Attention,
    layer: int,
    head: int | None,
    rows: tuple[int, int, int],
    columns: tuple[int, int, int],
    pooling: Pooling,
    *,
    quick: bool = False,
) -> Tile:
    """A part of a head in cells; with no more queries or keys than cells, each is a cell of its own.

    Args:
        attention: of which part.
        layer: the layer.
        head: the head; None is the mean over all heads of the layer.
        rows: the first query, the one behind the last, and how many cells at most.
        columns: the same of the keys.
        pooling: what stands for a cell: its largest weight (of a difference, the one that differs most), or the mean.
        quick: take four evenly spaced queries of each cell.
    """
    row_cuts, column_cuts = cuts_of(*rows), cuts_of(*columns)
    taken = np.arange(row_cuts[0], row_cuts[-1])
    places = row_cuts - row_cuts[0]
    if quick and len(taken) > _QUICK * (len(row_cuts) - 1):
        taken, places = _some(row_cuts)
        sampled = True
    else:
        sampled = False
    found = blocks(attention.maps, attention.part, layer, head, taken, places)
    start, stop = int(column_cuts[0]), int(column_cuts[-1])
    parts = ((place, weights[:, start:stop]) for place, weights in found)
    values = pooled(parts, places, column_cuts - start, pooling, signed=attention.signed)
    return Tile(values, row_cuts, column_cuts, sampled)


def tile_of(matrix: Floats, rows: tuple[int, int, int], columns: tuple[int, int, int], pooling: Pooling) -> Tile:
    """The same of a matrix that is there."""
    row_cuts, column_cuts = cuts_of(*rows), cuts_of(*columns)
    part = matrix[row_cuts[0] : row_cuts[-1], column_cuts[0] : column_cuts[-1]]
    whole = iter([(slice(0, len(part)), part)])
    values = pooled(whole, row_cuts - row_cuts[0], column_cuts - column_cuts[0], pooling, signed=bool((part < 0).any()))
    return Tile(values, row_cuts, column_cuts)


def cuts_of(start: int, stop: int, cells: int) -> Numbers:
    """Where so many cells, at most, begin between two places, and the end."""
    return np.linspace(start, stop, min(stop - start, max(1, cells)) + 1).round().astype(np.int64)


def _some(cuts: Numbers) -> tuple[Numbers, Numbers]:
    """A few evenly spaced queries of each cell, and where those of each cell begin, and the end."""
    parts = [start + evenly(stop - start, _QUICK) for start, stop in zip(cuts[:-1], cuts[1:], strict=True)]
    return np.concatenate(parts), np.cumsum([0, *map(len, parts)])


def pooled(
    parts: Iterator[tuple[slice, Floats]], row_cuts: Numbers, column_cuts: Numbers, pooling: Pooling, *, signed: bool
) -> Floats:
    """Float32 `[row cell, column cell]`: blocks of rows, which may end within a cell, pooled into cells.

    Args:
        parts: which rows, from the first on, and their values `[row, column]`; NaN where one is not known.
        row_cuts: where the cells begin, from 0, and the end.
        column_cuts: the same of the columns.
        pooling: `max`, or `mean` of what is known.
        signed: whether the largest is meant by its size, as in a difference.
    """
    cells = len(row_cuts) - 1, len(column_cuts) - 1
    pool = _Means(cells) if pooling == "mean" else _Extremes(cells, signed)
    for place, values in parts:
        first = int(np.searchsorted(row_cuts, place.start, side="right")) - 1
        last = int(np.searchsorted(row_cuts, place.stop, side="left"))
        begin = np.maximum(row_cuts[first:last], place.start) - place.start
        pool.add(slice(first, last), values, begin, column_cuts[:-1])
    return pool.values()


class _Extremes:
    """The largest of each cell."""

    def __init__(self, cells: tuple[int, int], signed: bool) -> None:
        self._most = np.full(cells, np.nan, np.float32)
        self._least = np.full(cells, np.nan, np.float32) if signed else None

    def add(self, rows: slice, values: Floats, begin: Numbers, columns: Numbers) -> None:
        for kept, better in ((self._most, np.fmax), (self._least, np.fmin)):
            if kept is not None:
                found = better.reduceat(better.reduceat(values, begin, axis=0), columns, axis=1)
                kept[rows] = better(kept[rows], found)

    def values(self) -> Floats:
        if self._least is None:
            return self._most
        return np.where(np.abs(self._least) > np.abs(self._most), self._least, self._most)


class _Means:
    """The mean of what is known of each cell."""

    def __init__(self, cells: tuple[int, int]) -> None:
        self._sums, self._counts = np.zeros(cells), np.zeros(cells)

    def add(self, rows: slice, values: Floats, begin: Numbers, columns: Numbers) -> None:
        known = np.isfinite(values)
        for kept, what in ((self._sums, np.where(known, values, 0)), (self._counts, known)):
            down = np.add.reduceat(what, begin, axis=0, dtype=np.float64)
            kept[rows] += np.add.reduceat(down, columns, axis=1)

    def values(self) -> Floats:
        means = np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), np.nan)
        return means.astype(np.float32)


def edges(
    attention: Attention,
    layer: int,
    heads: NDArray[np.int64],
    rows: tuple[int, int],
    columns: tuple[int, int],
    most: int,
) -> Edges:
    """The strongest weights of some heads between some queries and some keys, the strongest first.

    Args:
        attention: of which part.
        layer: the layer.
        heads: the heads.
        rows: the first query, and the one behind the last.
        columns: the same of the keys.
        most: how many, at most; of a difference, those that differ most.
    """
    taken, start, stop = np.arange(*rows), columns[0], columns[1]
    best = Edges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for head in heads.tolist():
        for place, weights in blocks(attention.maps, attention.part, layer, head, taken):
            best = _stronger(best, head, taken[place], weights[:, start:stop], start, most)
    return best


def _stronger(best: Edges, head: int, rows: Numbers, weights: Floats, start: int, most: int) -> Edges:
    """The strongest of those so far and of a block."""
    flat = weights.ravel()
    strength = np.nan_to_num(np.abs(flat), nan=0.0)
    if len(flat) > most:
        chosen = np.sort(np.argpartition(strength, len(flat) - most)[len(flat) - most :])
    else:
        chosen = np.arange(len(flat))
    chosen = chosen[strength[chosen] > 0]
    queries, keys = np.divmod(chosen, max(1, weights.shape[1]))
    both = Edges(
        np.concatenate([best.heads, np.full(len(chosen), head)]),
        np.concatenate([best.queries, rows[queries]]),
        np.concatenate([best.keys, keys + start]),
        np.concatenate([best.weights, flat[chosen]]).astype(np.float32),
    )
    order = np.argsort(-np.abs(both.weights), kind="stable")[:most]
    return Edges(both.heads[order], both.queries[order], both.keys[order], both.weights[order])
