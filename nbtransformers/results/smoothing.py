"""Curves without their noise: an exponential moving average."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_SMALLEST = 1e-6  # weight of what lies a block back: what lies two back is below what a number can tell


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
