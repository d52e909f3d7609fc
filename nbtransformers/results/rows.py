"""What the rows of any result share: why a row is not done, what it is called, and their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.results.export import Writable
from nbtransformers.results.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.reasons import Reasons

NOT_DONE = "not done: interrupted"
NOT_FINITE = "the model gave no finite score"


class HasIndex(Protocol):
    """A result whose rows have labels; None numbers them from 0."""

    @property
    def index(self) -> Any: ...

    def __len__(self) -> int: ...


class HasReasons(Protocol):
    """A result that knows why rows have none."""

    @property
    def reasons(self) -> Reasons: ...


class HasTable(HasIndex, Protocol):
    """A result of which each row gives some rows of a table."""

    def to_pandas(self, rows: Any = None) -> pd.DataFrame: ...


class RowResult(Writable):
    """A result that has rows; it holds their labels as `index`, and as `reasons` why some have none."""

    __slots__ = ()

    @property
    def done(self: HasReasons) -> NDArray[np.bool_]:
        """Bool `[row]`: the rows that were finished, with a result or with a reason for none."""
        return self.reasons.done

    def to_pandas_index(self: HasIndex) -> pd.Index:
        """The labels of the rows, as pandas has them."""
        return pandas_index(self)

    def __repr__(self) -> str:
        return str(self)


def row_table(result: HasTable, rows: NDArray[np.int64] | None, most: int, **told: Any) -> Table:
    """What `to_pandas` gives, of so many rows of the result at a time at most; `told` is what else `Table` has."""
    taken = range(len(result)) if rows is None else rows
    stretches = (result.to_pandas(taken[start : start + most]) for start in range(0, len(taken), most))
    return Table(result.to_pandas(range(0)), stretches, pandas_index(result), **told)


def row_numbers(result: HasIndex, rows: Sequence[int] | NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The numbers of some rows, those from the end on as numbers from 0; None takes all."""
    numbers = np.arange(len(result))
    return numbers if rows is None else numbers[np.asarray(rows, dtype=np.int64)]


def pandas_index(result: HasIndex) -> pd.Index:
    """The labels of the rows, as pandas has them."""
    import pandas as pd

    if isinstance(result.index, pd.Index):  # not made anew: that would flatten a MultiIndex
        return result.index
    return pd.RangeIndex(len(result)) if result.index is None else index_of(result.index)


def index_of(names: Iterable[Any]) -> pd.Index:
    """Names as an index, whatever they hold."""
    import pandas as pd

    try:
        return pd.Index(list(names))
    except UnicodeEncodeError:  # a lone surrogate, which pandas' own type for text cannot hold
        return pd.Index(list(names), dtype=object)


def row_names(result: HasIndex, rows: Iterable[int]) -> list[str]:
    """The labels of some rows, as a person writes them: levels with dots between, days without a time."""
    index = result.index
    if index is None:
        return [str(row) for row in rows]
    if getattr(index, "is_normalized", False):  # a DatetimeIndex, at midnight all through
        return [str(index[row])[: len("2026-01-31")] for row in rows]
    return [_row_name(index[row]) for row in rows]


def refuse_missing_row(result: HasIndex, row: int) -> None:
    """Let only the number of a row pass.

    Raises:
        UserError: when there is none of that number.
    """
    if not 0 <= row < len(result):
        raise UserError(f"There is no row {row:,} in this result.", hint=f"It has {count(len(result), 'row')}, from 0.")


def _row_name(key: Any) -> str:
    if isinstance(key, tuple) and key:
        return " · ".join(map(str, cast("tuple[object, ...]", key)))
    return str(key)
