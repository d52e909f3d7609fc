"""The weights of a head in blocks of rows, so that a head of any length is never in memory whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attentionmaps import Floats, Maps, Part

BLOCK = 2**21  # weights at once: 8 MiB

Numbers = NDArray[np.int64]


def blocks(
    maps: Maps, part: Part, layer: int, head: int | None, rows: Numbers, cuts: Numbers | None = None
) -> Iterator[tuple[slice, Floats]]:
    """Some queries of a head, a block at a time: which of `rows` they are, and their weights float32 `[query, key]`.

    Args:
        maps: where the weights are.
        part: which attention.
        layer: the layer.
        head: the head; None is the mean over all heads of the layer.
        rows: int64, the numbers of the queries.
        cuts: int64, rising, where a block may end within `rows`, as far as it is then not too large; None is anywhere.
    """
    most = max(1, BLOCK // max(1, maps.extent(part).keys))
    at = 0
    while at < len(rows):
        stop = min(at + most, len(rows))
        if cuts is not None and stop < len(rows):
            cut = int(cuts[np.searchsorted(cuts, stop, side="right") - 1])
            stop = cut if cut > at else stop
        yield slice(at, stop), weights_of(maps, part, layer, head, rows[at:stop])
        at = stop


def weights_of(maps: Maps, part: Part, layer: int, head: int | None, rows: Numbers) -> Floats:
    """Float32 `[query, key]`: some queries of a head, or (None) of the mean over the heads of a layer."""
    if head is not None:
        return maps.weights(part, layer, head, rows)
    heads = maps.extent(part).heads
    total = np.array(maps.weights(part, layer, 0, rows), np.float32)
    for other in range(1, heads):
        total += maps.weights(part, layer, other, rows)
    return total / np.float32(heads)


def evenly(total: int, most: int | None) -> Numbers:
    """So many numbers at most, evenly spaced from the first to the last; None takes all."""
    if most is None or most >= total:
        return np.arange(total)
    return np.unique(np.linspace(0, total - 1, max(1, most)).round().astype(np.int64))
