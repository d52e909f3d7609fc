"""The texts of a result, packed: a million short ones take their bytes and little more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class Texts(Sequence["str | None"]):
    """Texts in UTF-8, one after another; it reads like a tuple of `str | None`, and equals one.

    A Python string costs some fifty bytes besides its text, and a tuple of them keeps the user's own objects alive.

    Args:
        texts: the texts; None where a row holds none.

    Example:
        >>> texts = Texts(["one", None, "two"])
        >>> texts[0], texts[1], len(texts), texts == ("one", None, "two")
        ('one', None, 3, True)
    """

    __slots__ = ("_bytes", "_stops")

    def __init__(self, texts: Iterable[str | None] = ()) -> None:
        # A lone surrogate is no UTF-8, and still the user's: it is passed through both ways.
        encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        lengths = np.fromiter((len(part or b"") for part in encoded), dtype=np.int64, count=len(encoded))
        missing = np.fromiter((part is None for part in encoded), dtype=bool, count=len(encoded))
        self._bytes = b"".join(part for part in encoded if part)
        self._stops = _marked(lengths.cumsum(), missing)

    @classmethod
    def joined(cls, parts: Iterable[Texts]) -> Texts:
        """Several, one behind the other."""
        given = list(parts)
        whole = cls()
        whole._bytes = b"".join(part._bytes for part in given)
        starts = np.cumsum([0, *(len(part._bytes) for part in given)])
        stops = [_marked(_places(p._stops) + at, p._stops < 0) for p, at in zip(given, starts, strict=False)]
        whole._stops = np.concatenate([np.empty(0, dtype=np.int64), *stops])
        return whole

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return len(self._bytes) + self._stops.nbytes

    @property
    def characters_at_most(self) -> int:
        """A bound on the characters of all texts together, known without a look at them."""
        return len(self._bytes)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Bool `[text]`: the rows that hold none."""
        return self._stops < 0

    def __len__(self) -> int:
        return len(self._stops)

    @overload
    def __getitem__(self, row: int) -> str | None: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[str | None, ...]: ...
    def __getitem__(self, row: int | slice) -> str | tuple[str | None, ...] | None:
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            if step == 1:
                return tuple(self._between(start, stop))
            return tuple(self._at(number) for number in range(start, stop, step))
        number = int(row)
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"row {row} of {len(self)} texts")
        return self._at(number)

    def __iter__(self) -> Iterator[str | None]:
        return self._between(0, len(self))

    def _between(self, first: int, last: int) -> Iterator[str | None]:
        start = int(_places(self._stops[first - 1 : first])[0]) if first else 0
        for stop in self._stops[first:last].tolist():
            if stop < 0:
                yield None
                continue
            yield self._bytes[start:stop].decode("utf-8", "surrogatepass")
            start = stop

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return self._bytes == other._bytes and np.array_equal(self._stops, other._stops)
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    __hash__: Any = None

    def __repr__(self) -> str:
        shown = ", ".join(repr(text) for text in self[:3])
        return f"Texts({shown}{', …' if len(self) > 3 else ''}; {len(self):,})"

    def _at(self, row: int) -> str | None:
        stop = int(self._stops[row])
        if stop < 0:
            return None
        start = int(_places(self._stops[row - 1 : row])[0]) if row else 0
        return self._bytes[start:stop].decode("utf-8", "surrogatepass")


def _marked(stops: NDArray[np.int64], missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where each text ends; for one that is missing -1 - that place, so that the next begins right."""
    return np.where(missing, -1 - stops, stops)


def _places(stops: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(stops < 0, -1 - stops, stops)
