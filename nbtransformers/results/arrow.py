"""A table as Arrow has it: one schema, and stretch after stretch of rows, for files of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from nbtransformers.plain_text import count, sendable
from nbtransformers.results.table import Table

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet"]


def write_table(
    table: Table, kind: Format, file: BinaryIO, facts: Mapping[str, str] | None = None
) -> tuple[int, tuple[str, ...]]:
    """Write a table into an open file; tells its rows, and what could not be written as it is.

    `facts` are kept in the footer of a Parquet file.
    """
    import pyarrow.csv
    import pyarrow.parquet

    columns = _Columns(table, kind)
    if kind == "csv":
        # Quotes where they are needed: also around a lone carriage return, which Python's own writer forgets.
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        writer: Any = pyarrow.csv.CSVWriter(file, columns.schema, write_options=options)
    else:
        writer = pyarrow.parquet.ParquetWriter(file, columns.schema)
    rows = 0
    with writer:
        for stretch in columns.stretches():
            writer.write_table(stretch)
            rows += stretch.num_rows
        if facts is not None:
            writer.add_key_value_metadata(dict(facts))
    return rows, columns.notes


class _Columns:
    """The columns of a file, with those of the index: their schema, and what they hold."""

    def __init__(self, table: Table, kind: Format) -> None:
        self._table, self._csv = table, kind == "csv"
        self._replaced = 0
        labels = _levels(table.labels) if table.labelled is None else [table.labels.to_flat_index()]
        of_labels = [_type(level, self._csv) for level in labels]
        self._no_type = any(kind is None for kind in of_labels)
        of_columns = [
            of_labels[0] if name == table.labelled else self._type_of_column(name, dtype)
            for name, dtype in zip(table.head.columns, table.head.dtypes, strict=True)
        ]
        # Of each column of the file; None for one that has to be written as text.
        self._types = self._ordered(of_columns, of_labels if table.labelled is None else [])
        self.schema = self._schema(table.head)

    def _type_of_column(self, name: str, dtype: Any) -> Any:
        import pyarrow as pa

        if name in self._table.pointers:
            return _type(self._table.pointers[name].to_flat_index(), self._csv)
        if name in self._table.vectors:
            return pa.large_string() if self._csv else pa.list_(pa.float32(), self._table.vectors[name])
        return _type_of(dtype)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not written as it is."""
        notes: list[str] = []
        if self._no_type and not self._csv:
            notes.append("Parquet has no type for the index: it is written as text.")
        if self._replaced:
            where = count(self._replaced, "cell")
            notes.append(f"{where} held half a character (a lone surrogate): it is written as \ufffd.")
        return tuple(notes)

    def stretches(self) -> Iterator[Any]:
        """The rows, stretch after stretch."""
        import pyarrow as pa

        for frame in self._table.stretches:
            columns = [frame.iloc[:, number] for number in range(frame.shape[1])]
            if self._csv:  # which has no lists
                columns = [_as_lists(part) if part.name in self._table.vectors else part for part in columns]
            parts = self._ordered(columns, _levels(frame.index) if self._table.labelled is None else [])
            arrays = [self._array(part, kind) for part, kind in zip(parts, self._types, strict=True)]
            yield pa.Table.from_arrays(arrays, schema=self.schema)

    def _ordered(self, columns: list[Any], index: list[Any]) -> list[Any]:
        """As the file has them: in a CSV the index comes first, and pandas puts it last in a Parquet file."""
        return [*index, *columns] if self._csv else [*columns, *index]

    def _schema(self, head: pd.DataFrame) -> Any:
        import pyarrow as pa

        names = _unique(sendable(str(name)) for name in head.columns)
        frame = head.set_axis(names, axis=1)
        if self._table.labelled is not None and self._no_type:  # or pandas would read periods into their text
            frame = frame.astype({self._table.labelled: object})
        frame.index = frame.index.set_names([None if n is None else sendable(str(n)) for n in frame.index.names])
        from_pandas = pa.Schema.from_pandas(frame, preserve_index=self._table.labelled is None)
        called = from_pandas.names[len(names) :]
        if self._csv:
            called = [name or "" for name in frame.index.names[: len(called)]]
        kinds = [kind or pa.large_string() for kind in self._types]
        fields = [pa.field(name, kind) for name, kind in zip(self._ordered(names, called), kinds, strict=True)]
        return pa.schema(fields, metadata=None if self._csv else from_pandas.metadata)

    def _array(self, values: Any, kind: Any) -> Any:
        import pyarrow as pa

        if kind is None:
            values, kind = _as_text(values), pa.large_string()
        try:
            return pa.array(values, type=kind, from_pandas=True)
        except UnicodeEncodeError:
            clean = [sendable(value) if isinstance(value, str) else value for value in values]
            self._replaced += sum(a != b for a, b in zip(values, clean, strict=True))
            return pa.array(clean, type=kind, from_pandas=True)


def _type_of(dtype: Any) -> Any:
    """The type of a column of our own: of numbers, or text."""
    import pyarrow as pa

    return pa.from_numpy_dtype(dtype) if isinstance(dtype, np.dtype) and dtype.kind != "O" else pa.large_string()


def _type(labels: pd.Index, csv: bool) -> Any:
    """The type that all labels fit; None where they have to be written as text."""
    import pyarrow as pa

    try:
        kind = pa.Array.from_pandas(labels).type
    except UnicodeEncodeError:
        return pa.large_string() if labels.inferred_type == "string" else None
    except (pa.ArrowException, OverflowError):
        return None
    is_plain = any(
        check(kind) for check in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    )
    if csv or pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType):
        return kind if is_plain or pa.types.is_large_string(kind) else None
    return kind


def _as_text(labels: Any) -> list[str | None]:
    return [None if missing else str(label) for label, missing in zip(labels, labels.isna(), strict=True)]


def _as_lists(vectors: pd.Series) -> list[str | None]:
    """Arrays of numbers as JSON, in the fewest digits that tell each float32 from its neighbours."""
    return [None if vector is None else f"[{', '.join(map(str, vector))}]" for vector in vectors]


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
