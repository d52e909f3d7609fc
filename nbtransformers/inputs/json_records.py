"""JSON to rows: one value a line, or a list of them; an object's column is one of its keys."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.streams import chunked
from nbtransformers.inputs.suffixes import suffix_of
from nbtransformers.inputs.text_file import LONGEST, TextFile
from nbtransformers.inputs.values import Unreadable
from nbtransformers.request import DataRef

_LOOKED_AT = 50  # records; enough to see what they hold
_PIECE = 2**16
_SPACE = " \t\r\n"
_ENDS = (",", "]", *_SPACE)  # what follows a value; a number with none of them may go on in the next piece
_DECODER = json.JSONDecoder()


def json_records(file: TextFile, data: DataRef) -> JsonRecords:
    """The rows of a file of JSON, whatever its name says: lines, or one list.

    Raises:
        UserError: when it is neither, when there is no such column, or more than one could be meant.
    """
    is_list, objects = _begun(file, data)
    if not objects:
        if data.column is not None:
            raise UserError(
                f"`--column {data.column}` needs objects, and {file.name} holds none.", hint="Leave `--column` out."
            )
        return JsonRecords(file, is_list, None)
    known = _columns(objects)

    def with_text() -> list[str]:
        return [name for name in known if any(isinstance(_at(value, name), str) for value in objects)]

    # What the first objects lack, a later one may have.
    column = data.column
    if column is None or not any(column in value for value in objects):
        column = picked(column, known, with_text, file.name)
    return JsonRecords(file, is_list, column)


def json_columns(file: TextFile) -> list[str]:
    """The keys of the first records."""
    return _columns(_objects(_first(JsonFile(file, _is_list(file)))))


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of JSON.

    Attributes:
        file: the file.
        is_list: whether it is one list; else there is a value a line.
    """

    file: TextFile
    is_list: bool

    @property
    def total(self) -> None:
        """Not known before the end."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How the encoding was guessed."""
        return self.file.notes

    def values(self) -> Iterator[Any]:
        """Its values, whole."""
        return _elements(self.file) if self.is_list else _lines(self.file)

    def field(self, value: Any, column: str | None) -> Any:
        """What a value holds at a key, or at keys with dots between; the value itself when that is None."""
        if isinstance(value, Unreadable):
            return value
        if column is not None:
            if not isinstance(value, dict):
                return Unreadable(f"no object ({type(value).__name__})")
            value = _at(value, column)
        return self.file.value(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class JsonRecords(JsonFile):
    """The texts of a file of JSON.

    Attributes:
        column: the key of the texts, or keys with dots between; None when the values are the texts.
    """

    column: str | None

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The texts from row `start` on."""
        for values in chunked(self.values(), start):
            yield [self.field(value, self.column) for value in values]


@dataclass(frozen=True, slots=True)
class JsonRows(JsonFile):
    """Some columns of a file of JSON: a row is a tuple.

    Attributes:
        columns: the keys, or keys with dots between.
    """

    columns: tuple[str, ...]

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The rows from row `start` on."""
        for values in chunked(self.values(), start):
            yield [tuple(self.field(value, column) for column in self.columns) for value in values]


def json_table(file: TextFile, data: DataRef) -> tuple[list[str], Callable[[Sequence[str]], JsonRows]]:
    """The keys of the first objects of a file of JSON, and what gives the rows of some of them.

    Raises:
        UserError: when it holds no objects.
    """
    is_list, objects = _begun(file, data)
    if not objects:
        raise UserError(f"{file.name} holds no objects.", hint='Write rows such as {"text": "a joy", "label": 1}.')
    # An object within may be asked for as it is, as well as what is in it.
    known = list(dict.fromkeys([*(name for value in objects for name in value), *_columns(objects)]))
    return known, lambda columns: JsonRows(file, is_list, tuple(columns))


def _begun(file: TextFile, data: DataRef) -> tuple[bool, list[dict[str, Any]]]:
    """Whether a file is one list, and the objects among its first values."""
    is_list = _is_list(file)
    first = _first(JsonFile(file, is_list))
    if not is_list and suffix_of(data.value) == ".json":
        _refuse_one_object(file, data, first)
    return is_list, _objects(first)


def _is_list(file: TextFile) -> bool:
    return _first_character(file) == "["


def _first(file: JsonFile) -> list[Any]:
    return list(itertools.islice(file.values(), _LOOKED_AT))


def _objects(values: Sequence[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]


def _lines(file: TextFile) -> Iterator[Any]:
    for line in file.lines():
        if not line.isspace():
            try:
                yield json.loads(line.rstrip("\r\n"))
            except (ValueError, RecursionError) as error:
                unreadable = file.value(line)
                yield unreadable if isinstance(unreadable, Unreadable) else _broken(error)


def _elements(file: TextFile) -> Iterator[Any]:
    """The elements of one list, read piece by piece. Behind a broken one there is no telling where the next begins."""
    text, at, begun = "", 0, False
    # A piece is as long as what waits, so that a long text is not gone through again and again.
    pieces = file.pieces(lambda: max(_PIECE, len(text) - at))
    while True:
        while at < len(text) and text[at] in (_SPACE + "," if begun else _SPACE + "["):
            at += 1
            begun = begun or text[at - 1] == "["
        if at < len(text) and text[at] == "]":
            return
        value, end, error = _decoded(text, at)
        if error is None and text[end : end + 1] in _ENDS:
            yield value
            at = end
            continue
        piece = next(pieces, "") if len(text) - at < LONGEST else ""
        if not piece:
            if error is None and end == len(text):
                yield value
            yield _broken(error or ValueError("the list is not closed"), "; the file cannot be read beyond it")
            return
        text, at = text[at:] + piece, 0


def _decoded(text: str, at: int) -> tuple[Any, int, Exception | None]:
    """The value at a place, where it ends, and why there is none."""
    try:
        return *_DECODER.raw_decode(text, at), None
    except (ValueError, RecursionError) as error:
        return None, at, error


def _broken(error: Exception, more: str = "") -> Unreadable:
    why = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
    return Unreadable(f"not valid JSON ({why}){more}")


def _first_character(file: TextFile) -> str:
    for piece in file.pieces(lambda: _PIECE):
        stripped = piece.lstrip(_SPACE)
        if stripped:
            return stripped[0]
    return ""


def _refuse_one_object(file: TextFile, data: DataRef, first: list[Any]) -> None:
    """A .json file that is one object: over many lines none of which is a value, or on one line alone."""
    alone = len(first) == 1 and isinstance(first[0], dict) and not any(isinstance(v, str) for v in first[0].values())
    if first and (isinstance(first[0], Unreadable) or alone) and _first_character(file) == "{":
        raise UserError(
            f"{file.name} is one object, not a list of rows.",
            hint=f"Load it in a cell with `json.load(open({data.value!r}))`, and give the list in it.",
        )


def _columns(objects: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for value in objects for name in _names(value)))


def _names(value: dict[str, Any]) -> Iterator[str]:
    """The keys of an object, and those of objects in it with a dot between."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from (f"{name}.{deeper}" for deeper in _names(inner))
        else:
            yield name


def _at(value: Any, column: str) -> Any:
    if not isinstance(value, dict):
        return None
    if column in value:
        return value[column]
    name, dot, rest = column.partition(".")
    return _at(value.get(name), rest) if dot else None
