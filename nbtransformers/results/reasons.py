"""Why rows have no score, packed: an interrupted million costs two bytes a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.rows import NOT_DONE


class Reasons(Mapping[int, str]):
    """Row number to the reason why it has no score; a row that has one is not in it.

    Args:
        rows: how many rows there are.
        given: row number to reason.

    Example:
        >>> reasons = Reasons(3, {1: "missing"})
        >>> dict(reasons), reasons.get(0)
        ({1: 'missing'}, None)
    """

    __slots__ = ("_codes", "_names")

    def __init__(self, rows: int, given: Mapping[int, str] | None = None) -> None:
        names = sorted(set((given or {}).values()))
        code = {name: number for number, name in enumerate(names, start=1)}
        self._names: list[str] = names
        self._codes = np.zeros(rows, dtype=np.uint16 if len(names) < 2**16 else np.uint32)
        for row, name in (given or {}).items():
            self._codes[row] = code[name]

    @classmethod
    def joined(cls, parts: Iterable[Reasons]) -> Reasons:
        """Those of several stretches of rows, one behind the other."""
        given = list(parts)
        names = sorted({name for part in given for name in part._names})
        code = {name: number for number, name in enumerate(names, start=1)}
        kind = np.uint16 if len(names) < 2**16 else np.uint32
        whole = cls(0)
        whole._names = names
        recoded = [np.array([0, *(code[name] for name in part._names)], dtype=kind)[part._codes] for part in given]
        whole._codes = np.concatenate([np.empty(0, dtype=kind), *recoded])
        return whole

    def part(self, start: int, stop: int) -> Reasons:
        """Those of the rows from `start` to before `stop`, counted from `start`."""
        some = Reasons(0)
        some._names, some._codes = self._names, self._codes[start:stop]
        return some

    def rows(self, reason: str | None = None) -> NDArray[np.int64]:
        """The numbers of the rows that have this reason, or any."""
        if reason is None:
            return np.flatnonzero(self._codes)
        if reason not in self._names:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self._codes == 1 + self._names.index(reason))

    def at(self, rows: NDArray[np.int64] | slice) -> NDArray[np.object_]:
        """Object `[row]`: the reasons of these rows; None where there is none."""
        return np.array([None, *self._names], dtype=object)[self._codes[rows]]

    @property
    def done(self) -> NDArray[np.bool_]:
        """Bool `[row]`: all but the rows that an interrupt left."""
        if NOT_DONE not in self._names:
            return np.ones(len(self._codes), dtype=bool)
        return np.not_equal(self._codes, 1 + self._names.index(NOT_DONE))

    def __getitem__(self, row: int) -> str:
        code = int(self._codes[row]) if 0 <= row < len(self._codes) else 0
        if not code:
            raise KeyError(row)
        return self._names[code - 1]

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows().tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._codes))

    def __repr__(self) -> str:
        return repr(dict(self))
