"""Python values to rows: what counts as a row, and why a row may hold no text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, cast, overload

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.inputs.arrow import arrow_column, has_arrow, pylist

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


def sequence_of(value: Any, name: str) -> tuple[Sequence[Any], Any]:
    """The rows of a value and their index; a single text is one row.

    Takes a text, a mapping (its keys are the index), a pandas-like column, whatever speaks Arrow's protocol or
    NumPy's, or anything that can be iterated once.

    Raises:
        UserError: when the value cannot be a list of texts.
    """
    if isinstance(value, str):
        return [value], None
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value), None
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return list(mapping.values()), list(mapping.keys())
    _refuse(value, name)
    return _column(value) or (_iterated(value, name), None)


def _column(value: Any) -> tuple[Sequence[Any], Any] | None:
    """The parts of a column of some library, and its index; None for what is none."""
    if hasattr(value, "iloc") and hasattr(value, "tolist"):  # pandas, and what is like it; by place, not by label
        return Parts(len(value), lambda start, stop: value.iloc[start:stop].tolist()), value.index
    column = arrow_column(value) if has_arrow(value) else None
    if column is not None and not _holds_pointers(value, column):
        return Parts(len(column), lambda start, stop: pylist(column.slice(start, stop - start))), None
    if hasattr(value, "tolist"):
        return Parts(len(value), lambda start, stop: value[start:stop].tolist()), None
    if hasattr(value, "__array__"):
        import numpy as np

        array = np.asarray(value)
        return Parts(len(array), lambda start, stop: array[start:stop].tolist()), None
    if hasattr(value, "to_list"):
        return value.to_list(), None
    return None


def _holds_pointers(value: Any, column: Any) -> bool:
    # So polars hands out a column of Python objects.
    return hasattr(value, "to_list") and str(column.type).startswith("fixed_size_binary")


def _iterated(value: Any, name: str) -> list[Any]:
    used_up = inspect.isgenerator(value) and inspect.getgeneratorstate(value) == inspect.GEN_CLOSED
    values = list(cast("Iterable[Any]", value))
    if used_up or (not values and isinstance(value, Iterator)):
        what = "a generator" if inspect.isgenerator(value) else "an iterator"
        raise UserError(f"{name} is {what} that is used up.", hint="Make it anew, or keep its texts in a list.")
    return values


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
