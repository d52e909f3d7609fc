"""Curves of very many points, in as many as a page can show."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.smoothing import Numbers

Places = NDArray[np.int64]


def cuts(length: int, buckets: int) -> Places:
    """Where each of so many buckets of about the same length begins, and where the last ends: int64 `[bucket + 1]`."""
    return np.linspace(0, length, buckets + 1).round().astype(np.int64)


def thinned(values: Numbers, most: int) -> Places:
    """The numbers of the points that show a curve best: int64 `[point]`, at most so many, in order.

    Of each bucket the least and the greatest value, so that no spike is lost; of one without any finite value the
    first, where the curve has its gap.

    Args:
        values: `[point]`, NaN where a value was not finite.
        most: an even number.
    """
    if len(values) <= most:
        return np.arange(len(values))
    found: list[int] = []
    bounds = cuts(len(values), most // 2).tolist()
    low, high = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    for start, stop in pairwise(bounds):
        found.extend({start + int(low[start:stop].argmin()), start + int(high[start:stop].argmax())})
    return np.unique(np.array(found))


def summed_up(values: Numbers, bounds: Places) -> tuple[Numbers, Numbers, Numbers]:
    """The least, the greatest and the mean of what is finite in each bucket: `[bucket]` each, NaN where nothing is."""
    starts = bounds[:-1]
    if not len(starts):
        return np.empty(0), np.empty(0), np.empty(0)
    finite = np.isfinite(values)
    counts = np.add.reduceat(finite.astype(np.int64), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.add.reduceat(np.where(finite, values, 0), starts) / counts
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts), means
