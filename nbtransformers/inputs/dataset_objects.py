"""`datasets` to rows: on disk or streamed, with splits or without, a thousand rows at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.streams import CHUNK_ROWS, HeldValues, Source, chunked
from nbtransformers.inputs.values import Parts

_LOOKED_AT = 50  # rows; enough to see what a stream holds


def is_dataset(value: Any) -> bool:
    """Whether a live object is a dataset of `datasets`, one with splits, or a column of one."""
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(value).__mro__}
    names = ("Dataset", "IterableDataset", "DatasetDict", "IterableDatasetDict", "Column")
    return not kinds.isdisjoint(f"datasets.{name}" for name in names)


@contextmanager
def without_bars() -> Generator[None]:
    """Meanwhile neither `datasets` nor huggingface_hub shows progress bars of its own; what was set is set again."""
    import datasets
    from huggingface_hub import constants, utils

    shown = not datasets.are_progress_bars_disabled()
    # Where the environment says it, it cannot be said otherwise.
    hub_shown = constants.HF_HUB_DISABLE_PROGRESS_BARS is None and not utils.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    if hub_shown:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
        if hub_shown:
            utils.enable_progress_bars()


def dataset_rows(value: Any, column: str | None, split: str | None, name: str) -> Source:
    """The rows of a dataset.

    Raises:
        UserError: when there is no such split or column, or more than one could be meant.
    """
    if isinstance(value, Mapping):
        value = value[picked_split(list(value), split, name)]
    elif split is not None:
        raise UserError(f"`--split {split}` is for what has splits, and {name} has none.", hint="Leave `--split` out.")
    if not hasattr(value, "column_names"):
        if column is not None:
            raise UserError(f"`--column {column}` needs a table, and {name} is a column.", hint="Leave `--column` out.")
        return DatasetColumn(value, None)
    if hasattr(value, "select_columns") and not hasattr(value, "__len__"):
        return _streamed(value, column, name)
    return _on_disk(value, column, name)


def picked_split(known: Sequence[str], split: str | None, name: str) -> str:
    """The split that was asked for; without one, the only one there is.

    Raises:
        UserError: when there is no such split, or more than one could be meant.
    """
    if split is None and len(known) == 1:
        return known[0]
    if split is None:
        hint = f"Add `--split {'train' if 'train' in known or not known else known[0]}`."
        raise UserError(f"{name} has several splits: {', '.join(known)}.", hint=hint)
    if split not in known:
        raise UserError(f"{name} has no split {shown(split)}.", hint=did_you_mean(split, known, what="It has"))
    return split


@dataclass(frozen=True, slots=True)
class DatasetColumn:
    """One column of a dataset on disk. A part of it is in memory at a time.

    Attributes:
        dataset: the dataset, or the column itself.
        column: its name; None when `dataset` is the column.
    """

    dataset: Any
    column: str | None

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.dataset)

    @property
    def notes(self) -> tuple[str, ...]:
        """None."""
        return ()

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on."""
        for at in range(start, self.total, CHUNK_ROWS):
            rows = self.dataset[at : at + CHUNK_ROWS]
            yield rows if self.column is None else rows[self.column]


@dataclass(frozen=True, slots=True)
class StreamedDataset:
    """A streamed dataset.

    Attributes:
        dataset: the dataset.
        name: what the user calls it.
    """

    dataset: Any
    name: str

    @property
    def total(self) -> None:
        """Not known before the end."""

    @property
    def notes(self) -> tuple[str, ...]:
        """None."""
        return ()

    def rows(self, start: int) -> Iterator[list[dict[str, Any]]]:
        """Its rows, whole, from row `start` on.

        Raises:
            UserError: when the stream breaks.
        """
        at = start
        try:
            for rows in chunked(self.dataset.skip(start) if start else self.dataset):
                yield rows
                at += len(rows)
        except UserError:
            raise
        except Exception as error:
            raise UserError(
                f"Reading {self.name} fails after row {at:,} ({type(error).__name__}: {error}).", hint="Try again."
            ) from error


@dataclass(frozen=True, slots=True)
class StreamedColumn(StreamedDataset):
    """One column of a streamed dataset.

    Attributes:
        column: its name.
    """

    column: str

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on.

        Raises:
            UserError: when the stream breaks.
        """
        for rows in self.rows(start):
            yield [row.get(self.column) for row in rows]


@dataclass(frozen=True, slots=True)
class StreamedTuples(StreamedDataset):
    """Some columns of a streamed dataset: a row is a tuple.

    Attributes:
        columns: their names.
    """

    columns: tuple[str, ...]

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The rows from row `start` on.

        Raises:
            UserError: when the stream breaks.
        """
        for rows in self.rows(start):
            yield [tuple(row.get(column) for column in self.columns) for row in rows]


DatasetTable = tuple[list[str], Callable[[Sequence[str]], Source], Mapping[str, tuple[str, ...]]]


def dataset_table(dataset: Any, name: str) -> DatasetTable:
    """The names of the columns of a dataset, what gives the rows of some of them, and the names of its classes."""
    features = dataset.features or {}
    if not hasattr(dataset, "__len__"):
        known = list(features) or list(dict.fromkeys(k for r in itertools.islice(dataset, _LOOKED_AT) for k in r))
        return known, lambda columns: StreamedTuples(dataset, name, tuple(columns)), _class_names(features)
    if dataset.format["type"] == "custom":  # a transform of the user's own makes the rows
        known = list(dataset[0]) if len(dataset) else []
        return known, lambda columns: _tuples(dataset, columns), {}

    def rows(columns: Sequence[str]) -> Source:
        return _tuples(dataset.with_format(None).select_columns(list(columns)), columns)

    return list(dataset.column_names), rows, _class_names(features)


def _tuples(dataset: Any, columns: Sequence[str]) -> HeldValues:
    """Some columns of a dataset on disk: a row is a tuple, and a part of them is in memory at a time."""

    def part(start: int, stop: int) -> list[tuple[Any, ...]]:
        rows = dataset[start:stop]
        return list(zip(*(rows[column] for column in columns), strict=True))

    return HeldValues(Parts(len(dataset), part))


def _class_names(features: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names of the classes that a column's numbers stand for, of a list of numbers too."""
    inner = {name: getattr(kind, "feature", kind) for name, kind in features.items()}
    return {name: tuple(kind.names) for name, kind in inner.items() if type(kind).__name__ == "ClassLabel"}


def _on_disk(dataset: Any, column: str | None, name: str) -> DatasetColumn:
    # A transform of the user's own makes the rows, and may need every column; any other format only wraps the values.
    if dataset.format["type"] == "custom":
        first = [dataset[number] for number in range(min(_LOOKED_AT, len(dataset)))]
        return DatasetColumn(dataset, _picked_by_rows(first, column, name))
    chosen = picked(column, dataset.column_names, lambda: _text_features(dataset.features), name)
    return DatasetColumn(dataset.with_format(None).select_columns([chosen]), chosen)


def _streamed(dataset: Any, column: str | None, name: str) -> StreamedColumn:
    if dataset.features is not None:
        chosen = picked(column, list(dataset.features), lambda: _text_features(dataset.features), name)
        return StreamedColumn(dataset.select_columns([chosen]), name, chosen)
    first = list(itertools.islice(dataset, _LOOKED_AT))
    return StreamedColumn(dataset, name, _picked_by_rows(first, column, name))


def _text_features(features: Mapping[str, Any]) -> list[str]:
    return [name for name, kind in features.items() if getattr(kind, "dtype", None) in ("string", "large_string")]


def _picked_by_rows(rows: list[dict[str, Any]], column: str | None, name: str) -> str:
    known = list(dict.fromkeys(key for row in rows for key in row))
    return picked(column, known, lambda: [key for key in known if any(isinstance(r.get(key), str) for r in rows)], name)
