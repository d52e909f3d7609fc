"""What an interrupt left of a result, as rows to go on with; and the objects that its run was made with."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.inputs.pairs import PairRows
from nbtransformers.inputs.rows import HeldRows, Rows, RowWindow
from nbtransformers.request import Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE


class Unfinished(Protocol):
    """A result that may be unfinished: its rows, and what is known of each."""

    @property
    def request(self) -> Any: ...

    @property
    def texts(self) -> Any: ...

    @property
    def index(self) -> Any: ...

    @property
    def reasons(self) -> Reasons: ...

    @property
    def done(self) -> NDArray[np.bool_]: ...

    @property
    def read_to_end(self) -> bool: ...

    def __len__(self) -> int: ...


ReadRows = Callable[[Any, Objects], Rows]
"""A request, and the objects that it names, to its rows."""

# A result keeps no model alive, nor any data but its own texts: what is gone has to be given again.
_objects: weakref.WeakKeyDictionary[Unfinished, dict[str, Callable[[], Any]]] = weakref.WeakKeyDictionary()


def remember(result: Unfinished, objects: Objects) -> None:
    """Keep what an unfinished result's references name, for as long as somebody else does."""
    if not result.done.all() or not result.read_to_end:
        _objects[result] = {name: found for name, value in objects.items() if (found := reference(value)) is not None}


def recalled(result: Unfinished) -> dict[str, Any]:
    """What is left of the objects that an unfinished result was made with."""
    found = {name: reference() for name, reference in _objects.get(result, {}).items()}
    return {name: value for name, value in found.items() if value is not None}


def reference(value: Any) -> Callable[[], Any] | None:
    """What gives an object back for as long as somebody else keeps it; None for one that cannot be kept so."""
    if isinstance(value, tuple):  # a model and its tokenizer
        parts = [reference(part) for part in value]
        return lambda: tuple(part() if part else None for part in parts)
    try:
        return weakref.ref(value)
    except TypeError:  # such as a list; its texts are in the result
        return None


@dataclass(frozen=True, slots=True)
class RestOfRows:
    """The rows of an unfinished result, then those of its input that were not read.

    Attributes:
        before: the result.
        source: the input, from its beginning; None when the result has all rows.
    """

    before: Unfinished
    source: Rows | None

    @classmethod
    def of(cls, before: Unfinished, objects: Objects, read: ReadRows) -> RestOfRows:
        """The rest of a result, of a request whose rows `read` reads.

        Raises:
            UserError: when the input has to be read on, and is not there.
        """
        data = before.request.data
        if before.read_to_end:
            return cls(before, None)
        if data.kind == "variable" and data.value not in objects:
            raise UserError(
                f"The rest of {data.value} is not there any more.", hint="Type `nbt.resume(result, data=…)`."
            )
        return cls(before, read(before.request, objects))

    @property
    def total(self) -> int | None:
        """Rows in all, those that are finished too; None when the input does not tell."""
        return len(self.before) if self.source is None else self.source.total

    @property
    def index(self) -> Any:
        """The labels of the rows."""
        return self.before.index

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed while reading on."""
        return () if self.source is None else self.source.notes

    def windows(self, size: int, start: int = 0) -> Iterator[RowWindow]:
        """The rows of the result, and behind them those that have not been read yet; no window holds both."""
        before = self.before
        for at in range(start, len(before), size):
            stop = min(at + size, len(before))
            reasons = {row: why for row, why in before.reasons.part(at, stop).items() if why != NOT_DONE}
            yield RowWindow(at, list(_read_by(before)[at:stop]), reasons)
        if self.source is not None:
            yield from self._checked(self.source.windows(size, max(start, len(before))))

    def _checked(self, windows: Iterator[RowWindow]) -> Iterator[RowWindow]:
        """The windows, once the last row that was read is seen to be where it was."""
        assert self.source is not None
        last = len(self.before) - 1
        if last >= 0:
            again = next(iter(self.source.windows(1, last)), None)
            if again is None or again.texts[0] != _read_by(self.before)[last]:
                raise UserError(
                    f"{self.before.request.data.value} has changed since: row {last:,} holds another text.",
                    hint="Run the whole again.",
                )
        yield from windows


def _read_by(result: Unfinished) -> Any:
    """The texts that a result was made from: where its own are written by a model, they are called its prompts."""
    return getattr(result, "prompts", None) or result.texts


def rows_in_memory(rows: Rows) -> int:
    """How many of the rows, from the first on, can be listed without reading anything."""
    if isinstance(rows, HeldRows):
        return rows.total
    if isinstance(rows, PairRows):
        return rows.held
    return len(rows.before) if isinstance(rows, RestOfRows) else 0
