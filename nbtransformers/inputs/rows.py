"""The one reader of texts: a data reference to windows of rows, each row in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nbtransformers.errors import UserError, kind_of
from nbtransformers.inputs.dataset_objects import dataset_rows, is_dataset
from nbtransformers.inputs.options import refuse_options
from nbtransformers.inputs.streams import Source, regrouped
from nbtransformers.inputs.suffixes import is_file, suffix_of
from nbtransformers.inputs.tables import column_of, is_table
from nbtransformers.inputs.values import held, reason_for_no_text
from nbtransformers.request import DataRef, Objects


@dataclass(frozen=True, slots=True)
class RowWindow:
    """Some rows in a row.

    Attributes:
        start: the number of the first row.
        texts: the text of each row; None where the value is no text at all.
        reasons: number of the row within the window to the reason why it cannot be read.
    """

    start: int
    texts: list[str | None]
    reasons: dict[int, str]


class Rows(Protocol):
    """All rows of one input: in memory, or read window by window as they are asked for.

    Attributes:
        total: how many there are; None when that is not known before the end.
        index: the labels of the rows; None numbers them from 0.
        notes: what was guessed on the way, such as an encoding, one sentence each; complete once the rows are read.
    """

    @property
    def total(self) -> int | None: ...

    @property
    def index(self) -> Any: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def windows(self, size: int, start: int = 0) -> Iterator[RowWindow]:
        """The rows in order, `size` at a time, from row `start` on. May be asked for again, from the beginning."""
        ...


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that are in memory.

    Attributes:
        values: the values, one a row.
        index: the labels of the rows.
    """

    values: Sequence[Any]
    index: Any = None
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.values)

    def windows(self, size: int, start: int = 0) -> Iterator[RowWindow]:
        """The rows in order, `size` at a time."""
        for at in range(start, len(self.values), size):
            yield window_of(at, self.values[at : at + size])


@dataclass(frozen=True, slots=True)
class StreamedRows:
    """Rows that are read as they are asked for.

    Attributes:
        source: where they come from.
    """

    source: Source

    @property
    def total(self) -> int | None:
        """How many there are; None when that is not known before the end."""
        return self.source.total

    @property
    def index(self) -> Any:
        """None: they are numbered."""
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed on the way."""
        return self.source.notes

    def windows(self, size: int, start: int = 0) -> Iterator[RowWindow]:
        """The rows in order, `size` at a time."""
        at = start
        for values in regrouped(self.source.chunks(start), size):
            yield window_of(at, values)
            at += len(values)


def read(data: DataRef, objects: Objects) -> Rows:
    """The rows that a reference names.

    Raises:
        UserError: when there is nothing to read, or the object is no kind of text.

    Example:
        >>> read(DataRef("lines", "one\\ntwo"), {}).total
        2
    """
    return _READERS[data.kind](data, objects)


def window_of(start: int, values: Sequence[Any]) -> RowWindow:
    """Values to a window: texts, and the reasons of those that are none."""
    texts: list[str | None] = []
    reasons: dict[int, str] = {}
    for number, value in enumerate(values):
        reason = reason_for_no_text(value)
        if reason is not None:
            reasons[number] = reason
        texts.append(str(value) if isinstance(value, str) else None)
    return RowWindow(start, texts, reasons)


def _read_own(data: DataRef, objects: Objects) -> Rows:
    texts = data.texts
    if not texts:
        raise UserError("The cell holds no text.", hint="Write one text a line below the magic.")
    return HeldRows(texts)


def _read_variable(data: DataRef, objects: Objects) -> Rows:
    try:
        return _read_object(data, objects[data.value])
    except UserError:
        raise
    except Exception as error:  # an object of the user's own may fail at anything that it is asked
        raise UserError(
            f"Reading {data.value} fails: {type(error).__name__}: {error}.", hint="Try `list(…)` of it in a cell."
        ) from error


def _read_object(data: DataRef, value: Any) -> Rows:
    name = data.value
    refuse_options(data, name, "encoding", "subset")
    if is_dataset(value):
        return StreamedRows(dataset_rows(value, data.column, data.split, name))
    refuse_options(data, name, "split")
    if is_table(value):
        value = column_of(value, data.column, name)
    elif data.column is not None:
        raise UserError(
            f"`--column {data.column}` needs a table, and {name} is {kind_of(value)}.",
            hint="Leave `--column` out.",
        )
    found = held(value, name)
    notes = (*_may_be_meant(value), *((found.note,) if found.note else ()))
    return HeldRows(found.values, found.index, notes)


def _read_file(data: DataRef, objects: Objects) -> Rows:
    from nbtransformers.inputs.files import read_file

    refuse_options(data, data.value, "split", "subset")
    return StreamedRows(read_file(data))


def _read_hub(data: DataRef, objects: Objects) -> Rows:
    from nbtransformers.inputs.hub import read_hub

    return StreamedRows(read_hub(data))


def _may_be_meant(value: Any) -> tuple[str, ...]:
    """A text is a text, but one that is the name of a file may not be meant so."""
    if isinstance(value, str) and suffix_of(value) and is_file(value):
        return (f"{value} was read as a text. `Path({value!r})` reads the file.",)
    return ()


_READERS: dict[str, Callable[[DataRef, Objects], Rows]] = {
    "lines": _read_own,
    "whole": _read_own,
    "variable": _read_variable,
    "file": _read_file,
    "hub": _read_hub,
}
