"""The sinusoidal table of positions, by its formula."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import size

FORMULA = ("PE(p, 2i) = sin(p / 10000^(2i/d))", "PE(p, 2i+1) = cos(p / 10000^(2i/d))")

_BASE = 10_000
_MOST_VALUES = 2**26


def sinusoidal(length: int, dim: int) -> NDArray[np.float32]:
    """The table of Vaswani et al. (2017, section 3.5), float32 `[position, dimension]`.

    Raises:
        UserError: when it would be too large to look at.

    Example:
        >>> sinusoidal(2, 4)[1].round(4).tolist()
        [0.8415, 0.5403, 0.01, 1.0]
    """
    check_size(length, dim)
    pairs = np.arange(dim // 2)
    angles = np.arange(length)[:, None] * np.exp(-math.log(_BASE) * 2 * pairs / dim)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim).astype(np.float32)


def check_size(length: int, columns: int) -> None:
    """Refuse a table that nobody could look at.

    Raises:
        UserError: when it is too large.
    """
    if length * columns > _MOST_VALUES:
        raise UserError(
            f"{length:,} positions of {columns:,} numbers each would take {size(4 * length * columns)}.",
            hint=f"Type `--length {max(1, _MOST_VALUES // columns)}` or less.",
        )
