"""Records of which each row has any number, packed: a million short lists are two arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Records, those of one row behind those of the other.

    Attributes:
        rows: int64 `[row + 1]`, where the records of each row begin.
        flat: a structured array `[record]`.

    Example:
        >>> ragged = Ragged.packed([np.zeros(2, kind), None], kind)
        >>> ragged.counts.tolist(), len(ragged[0])
        ([2, 0], 2)
    """

    rows: NDArray[np.int64]
    flat: NDArray[Any]

    @classmethod
    def packed(cls, values: Sequence[NDArray[Any] | None], kind: np.dtype[Any]) -> Ragged:
        """The records of some rows; None has none."""
        lengths = np.fromiter((0 if value is None else len(value) for value in values), np.int64, len(values))
        given = [value for value in values if value is not None]
        return cls(_begins(lengths), np.concatenate([np.empty(0, kind), *given]))

    @classmethod
    def joined(cls, parts: Iterable[Ragged], kind: np.dtype[Any]) -> Ragged:
        """Several, one behind the other."""
        given = list(parts)
        lengths = np.concatenate([np.empty(0, np.int64), *(part.counts for part in given)])
        return cls(_begins(lengths), np.concatenate([np.empty(0, kind), *(part.flat for part in given)]))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Int64 `[row]`: how many records each row has."""
        return np.diff(self.rows)

    @property
    def owner(self) -> NDArray[np.int64]:
        """Int64 `[record]`: the row of each."""
        return np.repeat(np.arange(len(self)), self.counts)

    def __len__(self) -> int:
        return len(self.rows) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        """The records of a row."""
        return self.flat[self.rows[row] : self.rows[row + 1]]

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Int64 `[record]`: where the records of some rows are, those of one behind those of the other."""
        lengths = self.rows[rows + 1] - self.rows[rows]
        begins = np.cumsum(lengths) - lengths
        return np.arange(int(lengths.sum())) + np.repeat(self.rows[rows] - begins, lengths)


def _begins(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
