"""How the texts of a run are read, for a program that is to read them again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any

from nbtransformers.inputs.arrow import arrow_reader, text_columns
from nbtransformers.inputs.columns import picked
from nbtransformers.inputs.dataset_objects import DatasetColumn, StreamedColumn, picked_split
from nbtransformers.inputs.refs import UNNAMED
from nbtransformers.inputs.rows import HeldRows, Rows, read
from nbtransformers.inputs.tables import column_of, is_table
from nbtransformers.inputs.values import NOT_UNICODE
from nbtransformers.request import DataRef, Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Damage, Reading

_CELLS = ("In[", "cell ")  # how a magic names the sources of other cells
_MOST_ROWS, _MOST_CHARACTERS = 200, 20_000  # of texts that are written down for want of another way to have them
_DAMAGE: dict[Damage, re.Pattern[str]] = {
    "broken": re.compile(r"not valid JSON|a quotation mark is not closed|\d+ fields, and the table|longer than "),
    "no object": re.compile("no object"),
    "undecodable": re.compile("not valid (?!JSON|Unicode)"),
}


def reading_of(data: DataRef, objects: Objects, rows: Rows | None = None, reasons: Reasons | None = None) -> Reading:
    """How the texts of a reference are read.

    Args:
        data: the reference.
        objects: what it names; what is gone cannot be looked at.
        rows: what it was read as; None begins to read it, where it is no variable.
        reasons: why some of the rows hold no text.
    """
    if rows is None and data.kind in ("file", "hub"):
        rows = read(data, objects)
    source = getattr(rows, "source", None)
    if data.kind == "file":
        reading = _of_file(data, source)
    elif isinstance(source, DatasetColumn | StreamedColumn):
        reading = _of_dataset(data, source, objects)
    elif data.kind == "variable" and data.value in objects:
        reading = _of_variable(data, objects, rows)
    else:
        reading = Reading(data)
    if data.kind == "variable" and data.value in UNNAMED and not reading.texts:
        reading = replace(reading, unnamed=True)
    return reading if reasons is None else with_reasons(reading, reasons)


def with_reasons(reading: Reading, reasons: Reasons) -> Reading:
    """A reading, with what the reasons of all rows tell of it."""
    damage = frozenset[Damage]()
    if reading.data.kind == "file":
        why = set(reasons.values())
        damage = frozenset(kind for kind, pattern in _DAMAGE.items() if any(map(pattern.match, why)))
    return replace(
        reading,
        lone_surrogates=len(reasons.rows(NOT_UNICODE)) > 0,
        damage=damage,
        none_readable=bool(reasons.done.all()) and len(reasons) == len(reasons.done),
    )


def _of_variable(data: DataRef, objects: Objects, rows: Rows | None) -> Reading:
    value = objects[data.value]
    if data.value.startswith(_CELLS):
        sources = [value] if isinstance(value, str) else value
        return Reading(data, tuple(source for source in sources if isinstance(source, str)))
    is_used_up, unnamed = isinstance(value, Iterator), data.value in UNNAMED
    if rows is None and unnamed and not is_used_up:
        rows = read(data, objects)
    if isinstance(rows, HeldRows) and (is_used_up or (unnamed and _is_numbered(rows))):
        reading = written_down(data, rows)
        if reading.texts or is_used_up:
            return reading
    return _of_named(data, value)


def _is_numbered(rows: HeldRows) -> bool:
    """Whether the labels of some few rows are their numbers."""
    return rows.total <= _MOST_ROWS and (rows.index is None or list(rows.index) == list(range(rows.total)))


def _of_named(data: DataRef, value: Any) -> Reading:
    if not is_table(value):
        return Reading(data)
    if hasattr(value, "iloc"):
        name = column_of(value, data.column, data.value).name
        if isinstance(name, Integral):
            return Reading(replace(data, column=str(name)), number=int(name))
        return Reading(replace(data, column=str(name)))
    reader = arrow_reader(value)
    if data.column is not None or reader is None:
        return Reading(data)
    schema = reader.schema
    return Reading(replace(data, column=picked(None, schema.names, lambda: text_columns(schema), data.value)))


def written_down(data: DataRef, rows: HeldRows) -> Reading:
    """Texts that no program can look up: they are in it, unless they are too many."""
    if rows.total <= _MOST_ROWS:
        texts = tuple(value if isinstance(value, str) else None for value in rows.values)
        if sum(len(text or "") for text in texts) <= _MOST_CHARACTERS:
            return Reading(data, texts)
    return Reading(data, used_up=True)


def _of_dataset(data: DataRef, source: DatasetColumn | StreamedColumn, objects: Objects) -> Reading:
    split = data.split
    if data.kind == "hub" and split is None:
        split = str(source.dataset.split)
    elif isinstance(value := objects.get(data.value), Mapping):
        split = picked_split(list(value), split, data.value)
    return Reading(replace(data, column=source.column, split=split), streamed=isinstance(source, StreamedColumn))


def _of_file(data: DataRef, source: Any) -> Reading:
    from nbtransformers.inputs.delimited import Delimited
    from nbtransformers.inputs.files import FileSource
    from nbtransformers.inputs.json_records import JsonRecords
    from nbtransformers.inputs.parquet import ParquetColumn
    from nbtransformers.inputs.text_file import TextLines

    content = source.content if isinstance(source, FileSource) else None
    if isinstance(content, ParquetColumn):
        return Reading(replace(data, column=content.column))
    if isinstance(content, TextLines | JsonRecords | Delimited):
        data = replace(data, encoding=content.file.encoding.codec)
    if isinstance(content, JsonRecords):
        return Reading(replace(data, column=content.column), is_list=content.is_list)
    if isinstance(content, Delimited):
        return Reading(data, number=content.column, delimiter=content.delimiter, has_header=content.headed)
    return Reading(data)
