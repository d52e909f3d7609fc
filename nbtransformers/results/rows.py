"""What the rows of any result share: why a row is not done, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, cast

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count

if TYPE_CHECKING:
    import pandas as pd

NOT_DONE = "not done: interrupted"
NOT_FINITE = "the model gave no finite score"


class HasIndex(Protocol):
    """A result whose rows have labels; None numbers them from 0."""

    @property
    def index(self) -> Any: ...

    def __len__(self) -> int: ...


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
