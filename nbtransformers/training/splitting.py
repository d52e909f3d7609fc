"""Which rows are kept for the evaluation: the same ones on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def drawn(strata: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows are drawn: of every stratum its share, and never all of one.

    The same on every machine and with every version of NumPy, which promises that of the bits of a generator alone.

    Args:
        strata: int64 `[row]`, what a row belongs to; rows that are alike share a number.
        share: how much is drawn: less where many strata are so small that they can spare none, but one row at least
            where any can.
        seed: of the draw.

    Returns:
        bool `[row]`.

    Example:
        >>> int(drawn(np.array([0] * 8 + [1] * 2), 0.5, seed=1).sum())
        5
    """
    order = np.argsort(np.random.PCG64(seed).random_raw(len(strata)), kind="stable")
    _, number, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    taken = _shares(sizes, share)
    by_stratum = order[np.argsort(number[order], kind="stable")]
    place = np.arange(len(strata)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = np.zeros(len(strata), dtype=bool)
    chosen[by_stratum[place < np.repeat(taken, sizes)]] = True
    return chosen


def _shares(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """How many of each stratum are drawn: its share, rounded up or down so that all together are that of the whole."""
    wanted = max(1, round(share * int(sizes.sum())))
    exact = share * sizes
    taken = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    # What is left goes to those that lost the most by rounding; of equals, to the larger and then the first.
    order = np.lexsort((-sizes, -(exact - taken)))
    order = order[taken[order] < sizes[order] - 1]
    taken[order[: max(0, wanted - int(taken.sum()))]] += 1
    return taken
