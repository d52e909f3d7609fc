"""A data reference to the rows of several of its columns at once, whatever kind of input it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbtransformers.errors import UserError, kind_of
from nbtransformers.inputs.columns import refuse_twins
from nbtransformers.inputs.dataset_objects import dataset_table, is_dataset, picked_split
from nbtransformers.inputs.options import refuse_options
from nbtransformers.inputs.streams import HeldValues, Source, Tuples, regrouped
from nbtransformers.inputs.tables import column_names, is_table, original_name, table_reader
from nbtransformers.inputs.values import Held, Parts, arrow_parts, held
from nbtransformers.plain_text import count
from nbtransformers.request import DataRef, Objects, is_conversation

_BY_LENGTH = {2: ("text", "label"), 3: ("text", "pair", "label")}
_LOOKED_AT = 1_000  # rows; what is in none of them is no column


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with named columns, in memory or read as they are asked for.

    Attributes:
        name: what the user calls it.
        columns: the names of the columns.
        source: gives the rows of some columns, each a tuple, again from the beginning when it is asked again.
        class_names: of a column whose numbers stand for classes, the names of these.
    """

    name: str
    columns: tuple[str, ...]
    source: Callable[[Sequence[str]], Source]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def windows(self, columns: Sequence[str], size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows in order, `size` at a time, with the values of some columns in their order."""
        return regrouped(self.source(columns).chunks(0), size)


def read_table(data: DataRef, objects: Objects) -> Table:
    """The table that a reference names.

    Besides tables: a list of pairs (text, label) or of triples (text, pair, label), a list of conversations, which is a
    column `messages`, and plain texts, which are a column `text`.

    Raises:
        UserError: when there is nothing to read, or it is no kind of table.

    Example:
        >>> read_table(DataRef("variable", "data"), {"data": [("a joy", 1), ("too long", 0)]}).columns
        ('text', 'label')
    """
    splits = read_splits(data, objects)
    if splits is not None:
        return splits[picked_split(list(splits), data.split, data.value)]
    if data.kind == "file":
        return _of_file(data)
    refuse_options(data, data.value, "encoding", "split", "subset")
    if data.kind == "variable":
        return _of_value(objects[data.value], data.value)
    return _of_value(data.texts, "the cell")


def read_splits(data: DataRef, objects: Objects) -> dict[str, Table] | None:
    """The table of each split of what has splits; None for what has none.

    Raises:
        UserError: when a dataset of the Hub is not to be had.
    """
    if data.kind == "hub":
        from nbtransformers.inputs.hub import hub_name, hub_splits

        name = hub_name(data)
        return {split: _of_value(dataset, name) for split, dataset in hub_splits(data).items()}
    value = objects[data.value] if data.kind == "variable" else None
    if not is_dataset(value) or not isinstance(value, Mapping):
        return None
    refuse_options(data, data.value, "encoding", "subset")
    return {str(split): _of_value(dataset, data.value) for split, dataset in value.items()}


def _of_file(data: DataRef) -> Table:
    from nbtransformers.inputs.files import read_table_file

    refuse_options(data, data.value, "split", "subset")
    names, source = read_table_file(data)
    return Table(data.value, tuple(names), source)


def _of_value(value: Any, name: str) -> Table:
    if is_dataset(value) and hasattr(value, "column_names"):
        names, source, class_names = dataset_table(value, name)
        return Table(name, tuple(names), source, class_names)
    if is_table(value):
        return _held_table(name, _columns_of_table(value, name))
    if isinstance(value, Mapping):
        return _held_table(name, {str(key): held(column, name).values for key, column in value.items()})
    found = held(value, name)
    return _of_rows(found, name)


def _columns_of_table(table: Any, name: str) -> dict[str, Sequence[Any]]:
    reader = table_reader(table)
    if reader is None:
        refuse_twins(column_names(table), name)
        return {column: held(table[original_name(table, column)], name).values for column in column_names(table)}
    with reader:  # all columns in one pass: a database may give its rows in another order the next time
        read = reader.read_all()
    refuse_twins(read.column_names, name)
    return {column: arrow_parts(read.column(column)) for column in read.column_names}


def _of_rows(rows: Held, name: str) -> Table:
    """Rows that are values of their own: objects, pairs, conversations or texts."""
    first = [row for row in rows.values[:_LOOKED_AT] if row is not None]
    if not first:
        raise UserError(f"{name} is empty.", hint="Give rows of texts and labels.")
    if all(isinstance(row, dict) for row in first):
        names = tuple(dict.fromkeys(str(key) for row in first for key in row))
        return Table(name, names, lambda columns: _taken_rows(rows.values, _getter(columns), name))
    if all(map(is_conversation, first)):
        return Table(name, ("messages",), lambda columns: Tuples(HeldValues(rows.values)))
    widths = {len(row) if isinstance(row, list | tuple) else 0 for row in first}
    if len(widths) == 1 and (names := _BY_LENGTH.get(widths.pop())):
        return Table(name, names, lambda columns: _taken_rows(rows.values, _picker(names, columns), name))
    if any(isinstance(row, str) for row in first):
        return Table(name, ("text",), lambda columns: Tuples(HeldValues(rows.values)))
    if all(isinstance(row, list | tuple) for row in first):
        _refuse_ragged(first, name)
    raise UserError(
        f"{name} holds {kind_of(first[0])} in its rows, and no texts with labels.",
        hint="Give a DataFrame, a dataset, a file, or a list of pairs (text, label).",
    )


def _refuse_ragged(rows: Sequence[Sequence[Any]], name: str) -> None:
    other = next((number for number, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if other is not None:
        raise UserError(
            f"Row {other:,} of {name} has {count(len(rows[other]), 'value')}, where the first has {len(rows[0])}.",
            hint="Give pairs (text, label), or triples (text, pair, label).",
        )


def _getter(columns: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda row: tuple(map(row.get, columns))


def _picker(names: Sequence[str], columns: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    places = [names.index(column) for column in columns]
    return lambda row: tuple(row[place] for place in places)


def _held_table(name: str, columns: Mapping[str, Sequence[Any]]) -> Table:
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{column} has {length:,}" for column, length in lengths.items())
        raise UserError(f"The columns of {name} are not of one length: {listed}.", hint="Give as many values in each.")
    return Table(name, tuple(columns), lambda wanted: _held_columns([columns[column] for column in wanted]))


def _held_columns(columns: Sequence[Sequence[Any]]) -> HeldValues:
    """Columns side by side: a row is a tuple."""

    def part(start: int, stop: int) -> list[tuple[Any, ...]]:
        return list(zip(*(map(_listed, column[start:stop]) for column in columns), strict=True))

    return HeldValues(Parts(len(columns[0]) if columns else 0, part))


def _listed(value: Any) -> Any:
    """A value as it is; but a list that pandas read from a file as an array is a list."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def _taken_rows(values: Sequence[Any], taken: Callable[[Any], tuple[Any, ...]], name: str) -> HeldValues:
    """Rows that are values of their own, of which some columns are taken: one that is not like the others is refused.

    Args:
        values: the rows.
        taken: a row to the values of the columns.
        name: what the user calls them.
    """

    def row(number: int) -> tuple[Any, ...]:
        try:
            return taken(values[number])
        except (AttributeError, TypeError, IndexError) as error:
            raise UserError(
                f"Row {number:,} of {name} is {kind_of(values[number])}, and not like the first.",
                hint="Make all rows alike.",
            ) from error

    return HeldValues(Parts(len(values), lambda start, stop: list(map(row, range(start, stop)))))
