"""The weights of a head in blocks of rows, so that a head of any length is never in memory whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.attentionmaps import Floats
from nbtransformers.results.attentiontiles import mean_weights

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

BLOCK = 2**21  # weights at once: 8 MiB

Numbers = NDArray[np.int64]


def blocks(attention: Attention, layer: int, heads: Sequence[int], rows: Numbers) -> Iterator[tuple[slice, Floats]]:
    """Some queries of a head, a block at a time: which of `rows` they are, and their weights float32 `[query, key]`.

    Args:
        attention: whose, with the part to look at.
        layer: the layer.
        heads: one head, or those whose mean is meant.
        rows: int64, the numbers of the queries.
    """
    most = max(1, BLOCK // max(1, attention.shape.keys))
    for start in range(0, len(rows), most):
        place = slice(start, min(start + most, len(rows)))
        yield place, mean_weights(attention, layer, heads, rows[place])


def evenly(total: int, most: int | None) -> Numbers:
    """So many numbers at most, evenly spaced from the first to the last; None takes all."""
    if most is None or most >= total:
        return np.arange(total)
    return np.unique(np.linspace(0, total - 1, max(1, most)).round().astype(np.int64))
