"""Curves of very many points, in as many as a page can show."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

_SMALLEST = 1e-6  # weight of what lies a block back: what lies two back is below what a number can tell


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


def smoothed(values: Numbers, smoothing: float) -> Numbers:
    """An exponential moving average `[point]`, without the pull to zero at its beginning.

    What is not finite is passed over: the average stays as it was.

    Args:
        values: `[point]`.
        smoothing: the share that stays at each point, 0 to below 1.
    """
    finite = np.isfinite(values)
    if finite.all():
        return _averaged(values, smoothing)
    averaged = np.append(_averaged(values[finite], smoothing), np.nan)
    return averaged[np.cumsum(finite) - 1]  # before the first the last, which is NaN


def _averaged(values: Numbers, smoothing: float) -> Numbers:
    """The same of finite values: by blocks, within each as a sum of what is weighted by its distance to its end.

    A loop over a million points takes a second; one sum over all would need weights that no number can hold.
    """
    if not smoothing or not len(values):
        return values
    length = max(1, int(math.log(_SMALLEST) / math.log(smoothing)))
    sums = np.zeros((-(-len(values) // length), length))
    sums.ravel()[: len(values)] = values
    powers = smoothing ** np.arange(length)
    sums *= (1 - smoothing) / powers
    np.cumsum(sums, axis=1, out=sums)
    sums *= powers
    ends = np.concatenate([[0.0, 0.0], sums[:, -1]])
    sums += (ends[1:-1] + smoothing**length * ends[:-2])[:, None] * (smoothing * powers)
    averages = sums.ravel()[: len(values)]
    begun = averages[: 3 * length]  # behind them the weights make 1
    begun /= -np.expm1(math.log(smoothing) * np.arange(1, len(begun) + 1))
    return averages
