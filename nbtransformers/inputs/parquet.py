"""Parquet to rows: the columns that are asked for, row group by row group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtransformers.inputs.arrow import pylist, text_columns
from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.options import refuse_options
from nbtransformers.inputs.streams import CHUNK_ROWS
from nbtransformers.request import DataRef


def parquet(path: Path, data: DataRef) -> ParquetColumn:
    """The rows of a Parquet file.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    schema, total = _described(path, data)
    column = picked(data.column, schema.names, lambda: text_columns(schema), path.name)
    return ParquetColumn(path, total, column)


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """The table in a Parquet file.

    Attributes:
        path: the file.
        total: how many rows there are.
    """

    path: Path
    total: int

    @property
    def notes(self) -> tuple[str, ...]:
        """None: the file says how it is to be read."""
        return ()


@dataclass(frozen=True, slots=True)
class ParquetColumn(ParquetTable):
    """One column of a Parquet file.

    Attributes:
        column: its name.
    """

    column: str

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on. Row groups before it are not read."""
        for batch in _batches(self.path, [self.column], start):
            yield pylist(batch.column(0))


@dataclass(frozen=True, slots=True)
class ParquetRows(ParquetTable):
    """Some columns of a Parquet file: a row is a tuple.

    Attributes:
        columns: their names.
    """

    columns: tuple[str, ...]

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The rows from row `start` on."""
        for batch in _batches(self.path, list(self.columns), start):
            yield list(zip(*(pylist(batch.column(column)) for column in self.columns), strict=True))


def parquet_table(path: Path, data: DataRef) -> tuple[list[str], Callable[[Sequence[str]], ParquetRows]]:
    """The names of the columns of a Parquet file, and what gives the rows of some of them.

    Raises:
        UserError: when an encoding was named.
    """
    schema, total = _described(path, data)
    return schema.names, lambda columns: ParquetRows(path, total, tuple(columns))


def _described(path: Path, data: DataRef) -> tuple[Any, int]:
    import pyarrow.parquet as pq

    refuse_options(data, path.name, "encoding")
    with pq.ParquetFile(path) as file:
        return file.schema_arrow, file.metadata.num_rows


def _batches(path: Path, columns: list[str], start: int) -> Iterator[Any]:
    import pyarrow.parquet as pq

    # Not pre-buffered, and a row group at a time: else what was read stays in memory to the end of the file. In one
    # thread: several find nothing to share in one column, and each holds on to memory of its own.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        skip = start
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if skip >= rows:
                skip -= rows
                continue
            for batch in file.iter_batches(CHUNK_ROWS, [group], columns, use_threads=False):
                if skip < len(batch):
                    yield batch.slice(skip)
                skip = max(0, skip - len(batch))
