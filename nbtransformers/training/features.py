"""Features on the disk, row by row as they are made: an encoding that is broken off goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from nbtransformers.rundir.atomic import read_json, write_json

_KEPT_EVERY_S = 5.0  # no more work than that is lost with a worker that is killed


class GrowingFeatures:
    """The features of all rows, float32 `[row, feature]`, while they are made.

    Until all are there they are in a file of another name, and how many there are is noted beside it, once the disk
    has them.

    Args:
        path: the file that they are to be in; it is there as a whole, or not there.
        rows: how many rows there are.

    Attributes:
        done: how many are there, in whatever order they are made.
    """

    def __init__(self, path: Path, rows: int) -> None:
        self._path = path
        self._rows = rows
        self._made = path.with_name(f".{path.name}")
        self._noted = path.with_name(f".{path.stem}.json")
        self._kept_at = monotonic()
        self._values: NDArray[np.float32] | None = None
        noted = read_json(self._noted)
        self.done: int = noted["done"] if noted and self._made.exists() else 0
        if self.done:
            self._values = np.lib.format.open_memmap(self._made, "r+")

    def add(self, numbers: Sequence[int], found: NDArray[np.float32]) -> None:
        """Add the features of some rows, `[row, feature]`, by the numbers of these."""
        if self._values is None:
            self._values = np.lib.format.open_memmap(self._made, "w+", np.float32, (self._rows, found.shape[1]))
        self._values[numbers] = found
        self.done += len(numbers)
        if monotonic() - self._kept_at > _KEPT_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Make sure that those which are there need not be made again."""
        assert self._values is not None
        self._values.flush()  # pyright: ignore[reportAttributeAccessIssue]  (of a memmap)
        write_json(self._noted, {"done": self.done})
        self._kept_at = monotonic()

    def finish(self) -> None:
        """Give the file its name, when all rows are there."""
        self.keep()
        self._values = None  # a file that is open gets no other name on Windows
        self._noted.unlink()
        self._made.replace(self._path)
