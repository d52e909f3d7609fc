"""A classification as Arrow has it: one schema, and stretch after stretch of rows, for files of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count, sendable

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.classification import Classification

Format = Literal["csv", "parquet"]

_STRETCH = 20_000  # rows in memory at a time


def write_table(
    result: Classification, rows: NDArray[np.int64] | None, kind: Format, file: BinaryIO
) -> tuple[str, ...]:
    """Write all rows, or those with these numbers, into an open file; what could not be written as it is, is told."""
    import pyarrow.csv
    import pyarrow.parquet

    table = _Table(result, rows, kind)
    if kind == "csv":
        # Quotes where they are needed: also around a lone carriage return, which Python's own writer forgets.
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        writer: Any = pyarrow.csv.CSVWriter(file, table.schema, write_options=options)
    else:
        writer = pyarrow.parquet.ParquetWriter(file, table.schema)
    with writer:
        for stretch in table.stretches():
            writer.write_table(stretch)
    return table.notes


class _Table:
    """The rows to write: their schema, and themselves."""

    def __init__(self, result: Classification, rows: NDArray[np.int64] | None, kind: Format) -> None:
        self._result, self._csv = result, kind == "csv"
        self._rows: Any = range(len(result)) if rows is None else rows
        self._replaced = 0
        none = result.to_pandas(range(0))
        self._index = _as_written(result.to_pandas_index(), self._csv)
        self.schema = _schema(none, self._index, self._csv)
        self._as_text = any(kind is None for kind in self._index)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not written as it is."""
        notes: list[str] = []
        if self._as_text and not self._csv:
            notes.append("Parquet has no type for the index: it is written as text.")
        if self._replaced:
            where = count(self._replaced, "cell")
            notes.append(f"{where} held half a character (a lone surrogate): it is written as \ufffd.")
        return tuple(notes)

    def stretches(self) -> Iterator[Any]:
        """The rows, stretch after stretch."""
        import pyarrow as pa

        for start in range(0, len(self._rows), _STRETCH):
            frame = self._result.to_pandas(self._rows[start : start + _STRETCH])
            columns = [frame.iloc[:, number] for number in range(frame.shape[1])]
            index = [
                _as_text(level) if kind is None else level
                for level, kind in zip(_levels(frame.index), self._index, strict=True)
            ]
            values = [*index, *columns] if self._csv else [*columns, *index]
            arrays = [self._array(part, field.type) for part, field in zip(values, self.schema, strict=True)]
            yield pa.Table.from_arrays(arrays, schema=self.schema)

    def _array(self, values: Any, kind: Any) -> Any:
        import pyarrow as pa

        try:
            return pa.array(values, type=kind, from_pandas=True)
        except UnicodeEncodeError:
            clean = [sendable(value) if isinstance(value, str) else value for value in values]
            self._replaced += sum(a != b for a, b in zip(values, clean, strict=True))
            return pa.array(clean, type=kind, from_pandas=True)


def _schema(none: pd.DataFrame, index: list[Any], csv: bool) -> Any:
    """The schema of a table, from a frame of its columns without rows and the types of its index."""
    import pyarrow as pa

    text = pa.large_string()
    names = _unique(sendable(str(name)) for name in none.columns)
    kinds = [pa.float32() if kind.kind == "f" else text for kind in none.dtypes]
    of_columns = [pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)]
    frame = none.set_axis(names, axis=1)
    frame.index = frame.index.set_names([None if n is None else sendable(str(n)) for n in frame.index.names])
    from_pandas = pa.Schema.from_pandas(frame, preserve_index=True)
    called = [name or "" for name in frame.index.names] if csv else from_pandas.names[len(names) :]
    of_index = [pa.field(name, kind or text) for name, kind in zip(called, index, strict=True)]
    if csv:
        return pa.schema([*of_index, *of_columns])
    return pa.schema([*of_columns, *of_index], metadata=from_pandas.metadata)


def _as_written(index: pd.Index, csv: bool) -> list[Any]:
    """The type of each level of an index; None for one that has to be written as text."""
    return [_type(level, csv) for level in _levels(index)]


def _type(level: pd.Index, csv: bool) -> Any:
    import pyarrow as pa

    try:
        kind = pa.Array.from_pandas(level).type
    except UnicodeEncodeError:
        return pa.large_string() if level.inferred_type == "string" else None
    except (pa.ArrowException, OverflowError):
        return None
    is_plain = any(
        check(kind) for check in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    )
    if csv or pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType):
        return kind if is_plain or pa.types.is_large_string(kind) else None
    return kind


def _as_text(level: pd.Index) -> list[str | None]:
    return [None if missing else str(label) for label, missing in zip(level, level.isna(), strict=True)]


def _levels(index: pd.Index) -> list[pd.Index]:
    return [index.get_level_values(number) for number in range(index.nlevels)]


def _unique(names: Iterable[str]) -> list[str]:
    """Names as they are, but for one that is taken: two may differ in what cannot be written."""
    unique: dict[str, None] = {}
    for name in names:
        while name in unique:
            name = f"score:{name}"
        unique[name] = None
    return list(unique)
