"""Parquet to rows: one column, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.arrow import pylist, text_columns
from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.streams import CHUNK_ROWS
from nbtransformers.request import DataRef


def parquet(path: Path, data: DataRef) -> ParquetColumn:
    """The rows of a Parquet file.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    import pyarrow.parquet as pq

    if data.encoding is not None:
        raise UserError(f"`--encoding` is for text files, and {path.name} is none.", hint="Leave `--encoding` out.")
    with pq.ParquetFile(path) as file:
        schema, total = file.schema_arrow, file.metadata.num_rows
    column = picked(data.column, schema.names, lambda: text_columns(schema), path.name)
    return ParquetColumn(path, column, total)


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """One column of a Parquet file.

    Attributes:
        path: the file.
        column: its name.
        total: how many rows there are.
    """

    path: Path
    column: str
    total: int

    @property
    def notes(self) -> tuple[str, ...]:
        """None: the file says how it is to be read."""
        return ()

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on. Row groups before it are not read."""
        import pyarrow.parquet as pq

        # Not pre-buffered, and a row group at a time: else what was read stays in memory to the end of the file. In one
        # thread: several find nothing to share in one column, and each holds on to memory of its own.
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            skip = start
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if skip >= rows:
                    skip -= rows
                    continue
                for batch in file.iter_batches(CHUNK_ROWS, [group], [self.column], use_threads=False):
                    if skip < len(batch):
                        yield pylist(batch.column(0).slice(skip))
                    skip = max(0, skip - len(batch))
