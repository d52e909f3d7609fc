"""The columns of a file, for a person who is still typing: by its beginning alone, in no time."""

from __future__ import annotations

import io
from pathlib import Path

from nbtransformers.inputs.delimited import delimited_columns
from nbtransformers.inputs.encodings import encoding_of
from nbtransformers.inputs.files import opened
from nbtransformers.inputs.json_records import json_columns
from nbtransformers.inputs.suffixes import is_file, suffix_of
from nbtransformers.inputs.text_file import TextFile

_BEGINNING = 2**18  # bytes; a record that is longer shows no columns


def columns_of_file(path: str) -> list[str]:
    """The names of a file's columns; none when it is no table, or cannot be read.

    Example:
        >>> columns_of_file("reviews.csv.gz")
        ['review', 'stars']
    """
    suffix = suffix_of(path)
    if suffix in (None, ".txt") or not is_file(path):
        return []
    try:
        return _columns(Path(path).expanduser(), suffix)
    except Exception:  # whatever a file may be, to look at it does not fail
        return []


def _columns(path: Path, suffix: str | None) -> list[str]:
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    with opened(path) as file:
        beginning = file.read(_BEGINNING)
    if len(beginning) == _BEGINNING:
        beginning = beginning[: beginning.rfind(b"\n") + 1]
    encoding = encoding_of(lambda: io.BytesIO(beginning), None, str(path), path.name)
    text = TextFile(lambda: io.BytesIO(beginning), encoding, path.name)
    return delimited_columns(text, path.name) if suffix in (".csv", ".tsv") else json_columns(text)
