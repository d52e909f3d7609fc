"""Values that are read a few at a time, from the beginning or from a later row."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

CHUNK_ROWS = 1_000  # rows that a source hands over at once


class Source(Protocol):
    """Where values come from: one a row, in order, and again from the beginning when asked again.

    Attributes:
        total: how many there are; None when that is not known before the end.
        notes: what was guessed, one sentence each; complete once all is read.
    """

    @property
    def total(self) -> int | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on, any number at a time."""
        ...


@dataclass(frozen=True, slots=True)
class HeldValues:
    """Values that are had from any place on: in memory, or a part at a time.

    Attributes:
        values: the values, one a row.
    """

    values: Sequence[Any]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def notes(self) -> tuple[str, ...]:
        """None."""
        return ()

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on."""
        for at in range(start, self.total, CHUNK_ROWS):
            yield self.values[at : at + CHUNK_ROWS]


@dataclass(frozen=True, slots=True)
class Tuples:
    """The values of a source as rows of one column, each a tuple.

    Attributes:
        source: where they come from.
    """

    source: Source

    @property
    def total(self) -> int | None:
        """How many there are; None when that is not known before the end."""
        return self.source.total

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed."""
        return self.source.notes

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The rows from row `start` on."""
        for values in self.source.chunks(start):
            yield [(value,) for value in values]


def chunked(values: Iterable[Any], start: int = 0) -> Iterator[list[Any]]:
    """Values from `start` on, in lists of `CHUNK_ROWS`."""
    rest = itertools.islice(values, start, None)
    while chunk := list(itertools.islice(rest, CHUNK_ROWS)):
        yield chunk


def regrouped(chunks: Iterable[Sequence[Any]], size: int) -> Iterator[list[Any]]:
    """Chunks of any length to lists of `size`; the last may be shorter.

    Example:
        >>> list(regrouped([[1, 2, 3], [4]], 2))
        [[1, 2], [3, 4]]
    """
    waiting: list[Any] = []
    for chunk in chunks:
        waiting.extend(chunk)
        whole = len(waiting) - len(waiting) % size
        for at in range(0, whole, size):
            yield waiting[at : at + size]
        del waiting[:whole]
    if waiting:
        yield waiting
