"""Tables of text, such as .csv and .tsv: read a record at a time, and on past one that is broken."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.streams import chunked
from nbtransformers.inputs.suffixes import suffix_of
from nbtransformers.inputs.text_file import LONGEST, TextFile
from nbtransformers.inputs.values import Unreadable
from nbtransformers.request import DataRef

_LOOKED_AT = 50  # records; enough to see how they are made
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NONE = "\x1f"  # parts nothing: a file of one column may have commas in it
_NO_TEXT = re.compile(r"[-+]?[\d.,]*\d[\d.,]*%?([eE][-+]?\d+)?|\d{4}-\d\d-\d\d.*|true|false|nan|null|none|", re.I)
_ENDS = (".", "!", "?", "…")
_NUMBER = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")

Record = list[str] | Unreadable


def delimited(file: TextFile, data: DataRef) -> Delimited:
    """The rows of a table of text. How it is made is found out from its first records.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    tabs = suffix_of(data.value) == ".tsv"
    delimiter, first = _begun(file, data.value)
    prose = data.column is None and not tabs and _is_prose(first)
    if prose:
        delimiter, first = _NONE, _first(file, _NONE)
    headed, names = _header(first)
    rows = [record for record in first[headed:] if isinstance(record, list) and not _is_damaged(file, record)]

    def with_text() -> list[str]:
        return [name for number, name in enumerate(names) if _holds_text(rows, number)]

    if data.column is None and len(names) == 1:
        column = 0
    else:
        column = names.index(picked(data.column, names, with_text, file.name))
    notes = list(file.notes)
    if not tabs and delimiter in _DELIMITERS and delimiter != ",":
        notes.append(f"The fields of {file.name} are taken to be parted by {_DELIMITERS[delimiter]}.")
    if prose:
        notes.append(f"{file.name} seems to hold sentences, not a table: each line is a row. Rename it to end in .txt.")
    elif not headed:
        notes.append(_without_header(file, names))
    return Delimited(file, delimiter, headed, len(names), tuple(notes), column)


def delimited_columns(file: TextFile, path: str) -> list[str]:
    """The names of the columns, by the first records alone."""
    return _header(_begun(file, path)[1])[1]


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A table of text.

    Attributes:
        file: the file.
        delimiter: what parts its fields.
        headed: whether its first record names the columns.
        width: fields in a record.
        notes: what was guessed.
    """

    file: TextFile
    delimiter: str
    headed: bool
    width: int
    notes: tuple[str, ...]

    @property
    def total(self) -> None:
        """Not known before the end."""

    def records(self, start: int) -> Iterator[list[Record]]:
        """Its records from row `start` on."""
        return chunked(_records(self.file, self.delimiter), start + self.headed)

    def field(self, record: Record, column: int) -> str | Unreadable | None:
        """A field of a record; None where it is missing."""
        if isinstance(record, Unreadable):
            return record
        # Fields that are left out at the end are missing; one too many may have moved all behind it.
        if len(record) > self.width and any(record[self.width :]):
            return Unreadable(f"{len(record)} fields, and the table has {self.width} columns")
        if column < len(record):
            return self.file.value(record[column])
        whole = self.file.value(record[0])
        return whole if isinstance(whole, Unreadable) else None


@dataclass(frozen=True, slots=True)
class Delimited(DelimitedFile):
    """One column of a table of text.

    Attributes:
        column: the number of the column.
    """

    column: int

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values of the column from row `start` on."""
        for records in self.records(start):
            yield [self.field(record, self.column) for record in records]


@dataclass(frozen=True, slots=True)
class DelimitedRows(DelimitedFile):
    """Some columns of a table of text: a row is a tuple.

    Attributes:
        columns: the numbers of the columns.
    """

    columns: tuple[int, ...]

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The rows from row `start` on."""
        for records in self.records(start):
            yield [tuple(self.field(record, column) for column in self.columns) for record in records]


def delimited_table(file: TextFile, data: DataRef) -> tuple[list[str], Callable[[Sequence[str]], DelimitedRows]]:
    """The names of the columns of a table of text, and what gives the rows of some of them."""
    delimiter, first = _begun(file, data.value)
    headed, names = _header(first)
    notes = file.notes if headed else (*file.notes, _without_header(file, names))

    def rows(columns: Sequence[str]) -> DelimitedRows:
        return DelimitedRows(file, delimiter, headed, len(names), notes, tuple(map(names.index, columns)))

    return names, rows


def _without_header(file: TextFile, names: Sequence[str]) -> str:
    called = f", and its columns are called {', '.join(names)}" if len(names) > 1 else ""
    return f"{file.name} seems to have no header: its first line is a row{called}."


class _Lines:
    """Lines on their way to the parser; those of the record that it is at are kept, to be read again one by one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.of_record: list[str] = []
        self._size = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > LONGEST:
            raise csv.Error("the record is too long")
        try:
            line = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self.of_record.append(line)
        self._size += len(line)
        return line

    def next_record(self) -> None:
        self.of_record, self._size = [], 0

    def all_but_first_again(self) -> str:
        first, *rest = self.of_record
        self._again.extendleft(reversed(rest))
        self.ended = False
        self.next_record()
        return first


def _records(file: TextFile, delimiter: str) -> Iterator[Record]:
    """The records of a file; a blank line is none.

    A quotation mark that is never closed, or is closed in the middle of a later field, would take all lines up to
    there into one text. So the parser is strict, and where it stumbles, only the first line of the record is lost.
    """
    lines = _Lines(file.lines())
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            while True:
                record = _next(reader)
                lines.next_record()
                if record:
                    yield record
        except StopIteration:
            return
        except csv.Error:
            yield _recovered(lines, delimiter)


def _recovered(lines: _Lines, delimiter: str) -> Record:
    closed_at_once = len(lines.of_record) == 1 and not lines.ended
    first = lines.all_but_first_again()
    if delimiter == "\t":  # in such files a quotation mark mostly stands for itself
        return first.rstrip("\r\n").split("\t")
    if closed_at_once:  # such as `"so" he said,1`, which every program reads in its own way
        return _next(csv.reader([first], delimiter=delimiter))
    return Unreadable("a quotation mark is not closed")


def _next(reader: Iterator[list[str]]) -> list[str]:
    # The limit is one for the whole process, and not ours to keep changed.
    before = csv.field_size_limit(LONGEST)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(before)


def _begun(file: TextFile, path: str) -> tuple[str, list[Record]]:
    """What parts the fields of a file, and its first records."""
    delimiter = "\t" if suffix_of(path) == ".tsv" else _delimiter(file)
    return delimiter, _first(file, delimiter)


def _first(file: TextFile, delimiter: str) -> list[Record]:
    return list(itertools.islice(_records(file, delimiter), _LOOKED_AT))


def _delimiter(file: TextFile) -> str:
    """What parts the fields: what gives the most records as many fields as the first has."""
    best, most = _NONE, 0.0
    for delimiter in _DELIMITERS:
        records = [record for record in _first(file, delimiter) if isinstance(record, list)]
        if not records or len(records[0]) == 1:
            continue
        alike = sum(len(record) == len(records[0]) for record in records) / len(records)
        if alike > most:
            best, most = delimiter, alike
    return best


def _header(first: Sequence[Record]) -> tuple[bool, list[str]]:
    """Whether the first record names the columns, and their names; numbers, where it does not."""
    fields = next((record for record in first if isinstance(record, list)), [])
    headed = bool(first) and first[0] is fields and _is_header(fields)
    return headed, _names(fields) if headed else [str(number) for number in range(len(fields))]


def _is_header(fields: list[str]) -> bool:
    """Whether a record names columns: names are hardly numbers, but for those that pandas gives (0, 1, 2, …)."""
    if len(fields) == 1:
        # One column: a sentence is a text, and no name.
        return len(fields[0].split()) < 5 and not fields[0].rstrip().endswith((".", "!", "。", "！"))
    numbers = [field for field in fields if _NUMBER.fullmatch(field.strip())]
    return numbers == [str(number) for number in range(len(numbers))] and not any(map(_is_sentence, fields))


def _is_sentence(field: str) -> bool:
    """Whether a field is a text, and no name: but `Order no.` is one, and the questions of a survey are."""
    field = field.rstrip()
    words = len(field.split())
    if field.endswith(("?", "？", ":")):
        return False
    return words > 11 or field.endswith(("。", "！")) or (words > 2 and field.endswith((".", "!", "…")))


def _is_prose(records: list[Record]) -> bool:
    """Whether what looks like fields are the parts of sentences: a space behind each comma, a full stop at the end."""
    read = [record for record in records if isinstance(record, list)]
    parted = [record for record in read if len(record) > 1]
    if not parted or not read[0][-1].rstrip().endswith(_ENDS):
        return False
    ended = sum(record[-1].rstrip().endswith(_ENDS) for record in read)
    spaced = sum(all(field.startswith(" ") for field in record[1:]) for record in parted)
    numbers = any(_NO_TEXT.fullmatch(field.strip()) for record in parted for field in record)
    return not numbers and spaced >= 0.9 * len(parted) and ended >= 0.5 * len(read)


def _names(fields: list[str]) -> list[str]:
    return [field.strip() or f"Unnamed: {number}" for number, field in enumerate(fields)]  # as pandas has it


def _is_damaged(file: TextFile, record: list[str]) -> bool:
    return any(isinstance(file.value(cell), Unreadable) for cell in record)


def _holds_text(rows: list[list[str]], column: int) -> bool:
    return any(column < len(row) and not _NO_TEXT.fullmatch(row[column].strip()) for row in rows)
