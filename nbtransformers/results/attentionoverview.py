"""All heads of an attention at a glance: a few measures of each, and a small picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attention import SPECIAL, Attention
from nbtransformers.results.attentionmaps import Floats

MEASURES = ("entropy", "distance", "special", "previous", "next", "first", "induction")
"""What is measured of a head, each the mean over queries: the entropy of the weights in nats; the distance from the
query to its keys in tokens; and the weight on special tokens, the token before, the one behind, the first one, and
those that stood behind earlier occurrences of the query's token."""

_WHOLE = 512  # queries of a text of which all are looked at
_SAMPLE = 256  # of a longer one
_FEW = 32
_VALUES = 2**27  # weights that are looked at in all: about a second
_TINY = np.float32(1e-37)


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """All heads of some layers at a glance.

    Attributes:
        measures: float32 `[measure, layer, head]`, in the order of `MEASURES`; NaN where there is none, such as a
            distance between two texts.
        pictures: float32 `[layer, head, row, column]`, the greatest weight of each cell; of a difference the one that
            is farthest from 0.
        sampled: how many queries they were taken from; None for all.
    """

    measures: Floats
    pictures: Floats
    sampled: int | None


def cuts(length: int, most: int) -> NDArray[np.int64]:
    """Where so many cells, at most, begin, and the end: int64 `[cell + 1]`."""
    return np.linspace(0, length, min(length, most) + 1).round().astype(np.int64)


def overview(
    attention: Attention, side: int, *, layers: range | None = None, most: int = _VALUES, whole: bool = False
) -> Overview:
    """Measure and draw all heads of a part, of a long text from evenly spaced queries.

    Args:
        attention: whose, with the part to look at.
        side: cells of a side of a picture, at most.
        layers: which; None takes all.
        most: weights to look at; fewer queries are taken where there would be more.
        whole: all queries of a long text too, as far as that goes.
    """
    shape = attention.shape
    layers = range(shape.layers) if layers is None else layers
    affordable = most // max(1, len(layers) * shape.heads * shape.keys)
    taken = _taken(shape.queries, shape.queries if whole or shape.queries <= _WHOLE else _SAMPLE, affordable)
    measure = _Measures(attention, taken)
    down, across = cuts(shape.queries, side), cuts(shape.keys, side)
    measures = np.full((len(MEASURES), len(layers), shape.heads), np.nan, np.float32)
    pictures = np.zeros((len(layers), shape.heads, len(down) - 1, len(across) - 1), np.float32)
    for place, weights in _heads(attention, layers, taken):
        measures[:, *place] = measure.of(weights)
        pictures[place] = pooled(weights, np.searchsorted(taken, down[:-1]), across[:-1], signed=attention.signed)
    return Overview(measures, pictures, None if len(taken) == shape.queries else len(taken))


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


def _taken(queries: int, wanted: int, affordable: int) -> NDArray[np.int64]:
    """The queries that are looked at, evenly spaced."""
    number = min(wanted, max(_FEW, affordable))
    return np.unique(np.linspace(0, queries - 1, min(queries, number)).round().astype(np.int64))


def _heads(attention: Attention, layers: range, taken: NDArray[np.int64]) -> Iterator[tuple[tuple[int, int], Floats]]:
    maps, part, shape = attention.maps, attention.part, attention.shape
    rows = slice(0, shape.queries) if len(taken) == shape.queries else taken
    for number, layer in enumerate(layers):
        for head in range(shape.heads):
            yield (number, head), maps.weights(part, layer, head, rows)


class _Measures:
    """What the measures of every head are taken with.

    Args:
        attention: whose, with the part to look at.
        taken: int64 `[row]`, the queries whose weights are given.
    """

    def __init__(self, attention: Attention, taken: NDArray[np.int64]) -> None:
        keys = attention.shape.keys
        self._signed, self._rows = attention.signed, len(taken)
        self._special = (attention.key_side.flags & SPECIAL > 0).astype(np.float32)
        self._near = attention.part != "cross"  # places in two texts are not near or far
        if self._near:
            self._distance = np.abs(np.arange(keys, dtype=np.float32) - taken[:, None]).astype(np.float32)
            has_previous, has_next = np.flatnonzero(taken > 0), np.flatnonzero(taken + 1 < keys)
            self._previous = has_previous, taken[has_previous] - 1
            self._next = has_next, taken[has_next] + 1
            self._repeated = _repeated(attention, taken)

    def of(self, weights: Floats) -> list[float]:
        """Each measure of a head whose weights `[row, key]` are given."""
        entropy = np.nan
        if not self._signed:
            logs = np.maximum(weights, _TINY)
            entropy = -float(np.vdot(weights, np.log(logs, out=logs))) / self._rows
        special, first = float((weights @ self._special).mean()), float(weights[:, 0].mean())
        if not self._near:
            return [entropy, np.nan, special, np.nan, np.nan, first, np.nan]
        distance = float(np.vdot(weights, self._distance)) / self._rows
        previous, behind = (_mean(weights[at]) for at in (self._previous, self._next))
        row, key, repeating = self._repeated
        induction = float(weights[row, key].sum()) / repeating if repeating else np.nan
        return [entropy, distance, special, previous, behind, first, induction]


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan


def _repeated(attention: Attention, taken: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The rows and keys of what stood behind earlier occurrences of a query's token, and how many queries have any."""
    ids, special = attention.query_side.ids, attention.query_side.flags & SPECIAL > 0
    rows: list[NDArray[np.int64]] = []
    keys: list[NDArray[np.int64]] = []
    for row, query in enumerate(taken.tolist()):
        if special[query]:
            continue
        found = np.flatnonzero(ids[: max(0, query - 1)] == ids[query]) + 1
        if len(found):
            rows.append(np.full(len(found), row))
            keys.append(found)
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    return np.concatenate(rows), np.concatenate(keys), len(rows)
