"""Python values to rows: what counts as a row, and why a row may hold no text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple, cast, overload

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.inputs.arrow import arrow_column, has_arrow, pylist
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.plain_text import count

MISSING = "missing"
EMPTY = "empty"
NOT_UNICODE = "not valid Unicode (a lone surrogate)"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MISSING_TYPES = {"NAType", "NaTType"}  # pandas' own, named so that pandas need not be imported


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a row that could not be read, and says why."""

    reason: str


def reason_for_no_text(value: object) -> str | None:
    """Why a value cannot be read as a text, or None when it can.

    Example:
        >>> reason_for_no_text(float("nan")), reason_for_no_text(" "), reason_for_no_text(3)
        ('missing', 'empty', 'not text (int)')
    """
    if isinstance(value, str):
        if not value.strip():
            return EMPTY
        return NOT_UNICODE if _LONE_SURROGATE.search(value) else None
    if isinstance(value, Unreadable):
        return value.reason
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return MISSING
    if isinstance(value, Real) and value != value:
        return MISSING
    return f"not text ({type(value).__name__})"


@dataclass(frozen=True, slots=True)
class Parts(Sequence[Any]):
    """A column that stays as it is, and is turned into Python values a part at a time.

    Attributes:
        length: how many values there are.
        part: the values from one place to another.
    """

    length: int
    part: Callable[[int, int], Sequence[Any]]

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        start, stop, step = (row if isinstance(row, slice) else slice(row, row + 1)).indices(self.length)
        values = self.part(start, max(start, stop))[::step]
        return values if isinstance(row, slice) else values[0]


def arrow_parts(column: Any) -> Parts:
    """The values of a column of Arrow."""
    return Parts(len(column), lambda start, stop: pylist(column.slice(start, stop - start)))


class Held(NamedTuple):
    """The rows of a value.

    Attributes:
        values: the values, one a row.
        index: the labels of the rows; None numbers them from 0.
        note: what a careful reader should know.
    """

    values: Sequence[Any]
    index: Any = None
    note: str | None = None


def held(value: Any, name: str) -> Held:
    """The rows of a value and their index; a single text is one row.

    Takes a text, a mapping (its keys are the index), a pandas-like column, whatever speaks Arrow's protocol or
    NumPy's, or anything that can be iterated once.

    Raises:
        UserError: when the value cannot be a list of texts.
    """
    if isinstance(value, str):
        return Held([value])
    if isinstance(value, list | tuple):
        return Held(cast("Sequence[Any]", value))
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return Held(list(mapping.values()), list(mapping.keys()))
    _refuse(value, name)
    return _column(value) or _iterated(value, name)


def _column(value: Any) -> Held | None:
    """The parts of a column of some library, and its index; None for what is none."""
    if hasattr(value, "iloc") and hasattr(value, "tolist"):  # pandas, and what is like it; by place, not by label
        return Held(Parts(len(value), lambda start, stop: value.iloc[start:stop].tolist()), value.index)
    column = arrow_column(value) if has_arrow(value) else None
    if column is not None and not _holds_pointers(value, column):
        return Held(arrow_parts(column))
    if hasattr(value, "tolist"):
        return Held(Parts(len(value), lambda start, stop: value[start:stop].tolist()))
    if hasattr(value, "__array__"):
        import numpy as np

        array = np.asarray(value)
        return Held(Parts(len(array), lambda start, stop: array[start:stop].tolist()))
    if hasattr(value, "to_list"):
        return Held(value.to_list())
    return None


def _holds_pointers(value: Any, column: Any) -> bool:
    # So polars hands out a column of Python objects.
    return hasattr(value, "to_list") and str(column.type).startswith("fixed_size_binary")


def _iterated(value: Any, name: str) -> Held:
    """What an object yields. It can be asked once only: what it gave before an interrupt or a failure is kept."""
    used_up = inspect.isgenerator(value) and inspect.getgeneratorstate(value) == inspect.GEN_CLOSED
    values: list[Any] = []
    note: str | None = None
    with deferred_interrupts() as stop:
        try:
            for item in cast("Iterable[Any]", value):
                values.append(item)
                if stop():
                    note = f"Interrupted: of {name} {count(len(values), 'text')} were read, and what follows was not."
                    break
        except KeyboardInterrupt:  # a second one, while it makes us wait
            if not values:
                raise
            note = f"Interrupted: of {name} {count(len(values), 'text')} were read, and what follows is lost."
        except Exception as error:
            if not values:
                raise
            note = f"{name} failed after {count(len(values), 'text')}: {type(error).__name__}: {error}."
    if used_up or (not values and isinstance(value, Iterator)):
        what = "a generator" if inspect.isgenerator(value) else "an iterator"
        raise UserError(f"{name} is {what} that is used up.", hint="Make it anew, or keep its texts in a list.")
    return Held(values, None, note)


def _refuse(value: Any, name: str) -> None:
    if isinstance(value, bytes | bytearray):
        raise UserError(f"{name} is bytes, not text.", hint=f'Type `{name}.decode("utf-8")`.')
    if getattr(value, "ndim", 1) != 1:
        raise UserError(f"{name} has {value.ndim} dimensions, not one.", hint="Give one column or row of it.")
    if not isinstance(value, Iterable) and not has_arrow(value) and not hasattr(value, "__array__"):
        raise UserError(
            f"{name} is {kind_of(value)} ({shown(value, 30)}), not texts.",
            hint="Give a text, a list of texts, a Series, or a DataFrame with `--column NAME`.",
        )
