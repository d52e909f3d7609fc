"""Files to rows, streamed: text, tables of text, JSON and Parquet, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from nbtransformers.errors import UserError
from nbtransformers.inputs.delimited import delimited, delimited_table
from nbtransformers.inputs.encodings import encoding_of
from nbtransformers.inputs.json_records import json_records, json_table
from nbtransformers.inputs.parquet import parquet, parquet_table
from nbtransformers.inputs.streams import Source, Tuples
from nbtransformers.inputs.suffixes import SUFFIXES, is_file, near_file, suffix_of
from nbtransformers.inputs.text_file import TextFile, text_lines
from nbtransformers.request import DataRef

_OF_TEXT: dict[str, Callable[[TextFile, DataRef], Source]] = {
    ".txt": text_lines,
    ".csv": delimited,
    ".tsv": delimited,
    ".jsonl": json_records,
    ".ndjson": json_records,
    ".json": json_records,
}
_TABLES: dict[str, Callable[[TextFile, DataRef], tuple[list[str], Callable[[Sequence[str]], Source]]]] = {
    ".csv": delimited_table,
    ".tsv": delimited_table,
    ".jsonl": json_table,
    ".ndjson": json_table,
    ".json": json_table,
}
_ELSEWHERE = {
    ".xlsx": "pandas.read_excel({})",
    ".xls": "pandas.read_excel({})",
    ".feather": "pandas.read_feather({})",
    ".arrow": "datasets.Dataset.from_file({})",
    ".pkl": "pandas.read_pickle({})",
    ".xml": "pandas.read_xml({})",
    ".html": "pandas.read_html({})[0]",
}


def read_file(data: DataRef) -> Source:
    """The rows of a file.

    Raises:
        UserError: when there is no such file, or it cannot be read.
    """
    path, suffix = _found(data)
    with _told(path.name):
        content = _OF_TEXT[suffix](_text_file(path, data), data) if suffix in _OF_TEXT else parquet(path, data)
    return FileSource(path, content)


def read_table_file(data: DataRef) -> tuple[list[str], Callable[[Sequence[str]], Source]]:
    """The names of the columns of a file, and what gives the rows of some of them, each a tuple.

    A file of text with one text a line has one column, `text`.

    Raises:
        UserError: when there is no such file, or it cannot be read.
    """
    path, suffix = _found(data)
    with _told(path.name):
        if suffix in _TABLES:
            names, rows = _TABLES[suffix](_text_file(path, data), data)
        elif suffix in _OF_TEXT:
            file = _text_file(path, data)
            names, rows = ["text"], lambda columns: Tuples(text_lines(file, data))
        else:
            names, rows = parquet_table(path, data)
    return names, lambda columns: FileSource(path, rows(columns))


def _found(data: DataRef) -> tuple[Path, str]:
    suffix = suffix_of(data.value)
    if suffix is None or not is_file(data.value):
        raise _refusal(data.value, suffix)
    path = Path(data.value).expanduser()
    with _told(path.name):
        if path.stat().st_size == 0:
            raise UserError(f"{path.name} is empty.", hint="Give a file that holds texts.")
    return path, suffix


def _text_file(path: Path, data: DataRef) -> TextFile:
    encoding = encoding_of(lambda: opened(path), data.encoding, data.value, path.name)
    return TextFile(lambda: opened(path), encoding, path.name)


@dataclass(slots=True)
class FileSource:
    """The rows of a file that must stay as it is while it is read.

    Attributes:
        path: the file.
        content: its rows.
    """

    path: Path
    content: Source
    _stamp: tuple[int, int] = field(init=False)
    _changed: bool = False

    def __post_init__(self) -> None:
        self._stamp = _stamp(self.path)

    @property
    def total(self) -> int | None:
        """How many rows there are; None when that is not known before the end."""
        return self.content.total

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed, and whether the file changed meanwhile."""
        changed = (f"{self.path.name} changed while it was read: its rows may not belong together.",)
        return (*self.content.notes, *(changed if self._changed else ()))

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The values from row `start` on.

        Raises:
            UserError: when the file is not what it was, or is damaged.
        """
        if not self.path.exists() or _stamp(self.path) != self._stamp:
            raise UserError(f"{self.path.name} has changed since it was first read.", hint="Run the whole again.")
        with _told(self.path.name):
            yield from self.content.chunks(start)
            self._changed = _stamp(self.path) != self._stamp


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@contextmanager
def _told(name: str) -> Generator[None]:
    """Tells what a file's own library raises in one line."""
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{name} may not be read.", hint="Check its permissions.") from error
    except Exception as error:
        if isinstance(error, EOFError | OSError | zlib.error | lzma.LZMAError | UnicodeError) or _is_arrows(error):
            raise UserError(f"{name} is damaged ({error}).", hint="Save or fetch it again.") from error
        raise


def _is_arrows(error: Exception) -> bool:
    return type(error).__module__.startswith("pyarrow")


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked: by what they are, since a name may say nothing of it, or wrong."""
    with path.open("rb") as file:
        head = file.read(10)
    if head.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.open(path))
    if head.startswith(b"BZh") and head[4:] == b"1AY&SY":
        return cast("BinaryIO", bz2.open(path))
    if head.startswith(b"\xfd7zXZ\x00"):
        return cast("BinaryIO", lzma.open(path))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        return cast("BinaryIO", pa.input_stream(path, compression="zstd"))
    return path.open("rb")


def _refusal(given: str, suffix: str | None) -> UserError:
    if re.match(r"[a-z][a-z0-9+]+:/", given):
        address = re.sub(":/+", "://", given, count=1)  # a `Path` has taken one of the slashes away
        return UserError(f"{address} is not on this machine.", hint="Fetch it first, or give `pandas.read_csv(URL)`.")
    try:
        path = Path(given).expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError, RuntimeError):  # no name for a file
        path, is_folder, is_there = Path(), False, False
    if is_folder:
        return UserError(f"{given} is a folder.", hint="Give one of its files.")
    if not is_there:
        near = near_file(given)
        return UserError(f"There is no file {given}.", hint=f"Did you mean {near}?" if near else "Check the path.")
    if suffix is None:
        known = _ELSEWHERE.get(path.suffix.casefold())
        how = f"Give `{known.format(repr(given))}`." if known else f"It reads {', '.join(SUFFIXES)}."
        return UserError(f"nbtransformers does not read {path.suffix or 'such'} files: {given}.", hint=how)
    return UserError(f"{given} is no ordinary file.", hint="Give one that holds texts.")
