"""A result as a table of any length: what a file of it is written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Table:
    """A table of which only a stretch is in memory at a time.

    Attributes:
        head: the table without its rows: the columns, and the index.
        stretches: its rows, frames like the head, one after the other.
        labels: what the input calls its rows, all of them: one stretch may hold numbers and the next one names.
        labelled: the column that holds the labels; None where they are the index. Any other index only numbers the
            rows, and no file needs it.
        vectors: the columns that hold arrays of numbers, and how many each of these has.
        pointers: the columns that hold labels of rows, and the labels that these can be.
    """

    head: pd.DataFrame
    stretches: Iterator[pd.DataFrame]
    labels: pd.Index
    labelled: str | None = None
    vectors: Mapping[str, int] = field(default_factory=dict[str, int])
    pointers: Mapping[str, pd.Index] = field(default_factory=dict[str, "pd.Index"])
