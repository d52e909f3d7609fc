"""The one reader of texts: a data reference to windows of rows, each row in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, kind_of
from nbtransformers.inputs.tables import column_of, is_table
from nbtransformers.inputs.values import reason_for_no_text, sequence_of
from nbtransformers.request import DataRef, Objects

_LINE_END = re.compile(r"\r\n|[\r\n]")


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


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of one input.

    Attributes:
        values: the values, one a row.
        index: the labels of the rows; None numbers them from 0.
    """

    values: Sequence[Any]
    index: Any

    def __len__(self) -> int:
        return len(self.values)

    def windows(self, size: int) -> Iterator[RowWindow]:
        """The rows in order, `size` at a time."""
        for start in range(0, len(self.values), size):
            yield _window(start, self.values[start : start + size])


def read(data: DataRef, objects: Objects) -> Rows:
    """The rows that a reference names.

    Raises:
        UserError: when there is nothing to read, or the object is no kind of text.

    Example:
        >>> len(read(DataRef("lines", "one\\ntwo"), {}))
        2
    """
    return _READERS[data.kind](data, objects)


def _window(start: int, values: Sequence[Any]) -> RowWindow:
    texts: list[str | None] = []
    reasons: dict[int, str] = {}
    for number, value in enumerate(values):
        reason = reason_for_no_text(value)
        if reason is not None:
            reasons[number] = reason
        texts.append(str(value) if isinstance(value, str) else None)
    return RowWindow(start, texts, reasons)


def _read_lines(data: DataRef, objects: Objects) -> Rows:
    # Blank lines around the text are layout; one between two texts is a row, so that rows match lines.
    # Not splitlines(), which also cuts at a form feed or U+2028, where an editor shows no new line.
    lines = _LINE_END.split(data.value)
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return Rows(_not_empty(lines), None)


def _read_whole(data: DataRef, objects: Objects) -> Rows:
    return Rows(_not_empty([data.value.strip("\n")] if data.value.strip() else []), None)


def _not_empty(lines: list[str]) -> list[str]:
    if not lines:
        raise UserError("The cell holds no text.", hint="Write one text a line below the magic.")
    return lines


def _read_variable(data: DataRef, objects: Objects) -> Rows:
    value = objects[data.value]
    if is_table(value):
        value = column_of(value, data.column, data.value)
    elif data.column is not None:
        raise UserError(
            f"`--column {data.column}` needs a table, and {data.value} is {kind_of(value)}.",
            hint="Leave `--column` out.",
        )
    values, index = sequence_of(value, data.value)
    return Rows(values, index)


_READERS: dict[str, Callable[[DataRef, Objects], Rows]] = {
    "lines": _read_lines,
    "whole": _read_whole,
    "variable": _read_variable,
}
