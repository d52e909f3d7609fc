"""The lines of a program that read the texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import assigned, expression, inline, listed
from nbtransformers.request import DataRef
from nbtransformers.results.recipe import Reading

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_OWN = "# 1. The texts, one a row. They are your own: run the cell that makes them first."
_PANDAS = "import pandas as pd"


@dataclass(frozen=True, slots=True)
class Source:
    """The texts of a program.

    Attributes:
        part: the lines that make `texts`, and where some rows may hold none, `rows` and `readable`.
        every_row: whether every row holds a text.
        index: the expression for the index of the rows; None numbers them from 0.
    """

    part: Part
    every_row: bool
    index: str | None = None

    @property
    def readable(self) -> str:
        """The variable with the texts that can be read."""
        return "texts" if self.every_row else "readable"


def source(reading: Reading) -> Source:
    """The lines for the texts."""
    data = reading.data
    if data.kind in ("lines", "whole") or reading.texts:
        return _written(list(reading.texts) or data.texts)
    part = _READERS[data.kind](reading)
    lines = [*part.lines, *_rows(reading.lone_surrogates)]
    imports = (*part.imports, "import re") if reading.lone_surrogates else part.imports
    has_index = data.kind == "variable" and not _is_dataset(reading)
    return Source(Part(lines, imports), every_row=False, index="column.index" if has_index else None)


def _written(texts: list[str]) -> Source:
    lone_surrogates = any(_LONE_SURROGATE.search(text) for text in texts)
    lines = ["# 1. The texts, one a row.", *listed("texts", texts, one_line=False)]
    if all(text.strip() for text in texts) and not lone_surrogates:
        return Source(Part(lines), every_row=True)
    imports = ("import re",) if lone_surrogates else ()
    return Source(Part([*lines, *_rows(lone_surrogates)], imports), every_row=False)


def _rows(lone_surrogates: bool) -> list[str]:
    if not lone_surrogates:
        return [
            "# A row that is empty or missing keeps its place, and is not read.",
            "rows = [row for row, text in enumerate(texts) if text and text.strip()]",
            "readable = [texts[row] for row in rows]",
        ]
    return [
        "# A row that is empty, missing or no valid Unicode keeps its place, and is not read.",
        "rows = [",
        "    row",
        "    for row, text in enumerate(texts)",
        r'    if text and text.strip() and not re.search(r"[\ud800-\udfff]", text)',
        "]",
        "readable = [texts[row] for row in rows]",
    ]


_TEXTS_OR_NONE = "texts = [value if isinstance(value, str) else None for value in column]"


# --- variables ---


def _is_dataset(reading: Reading) -> bool:
    return reading.streamed or reading.data.split is not None


def _variable(reading: Reading) -> Part:
    data = reading.data
    value = expression(data.value)
    if data.split is not None:
        value = f"{_primary(value)}[{inline(data.split)}]"
    if reading.streamed:
        value = f"[row.get({inline(data.column or '')}) for row in {value}]"
    elif data.column is not None:
        name = inline(data.column) if reading.number is None else str(reading.number)
        value = f"{_primary(value)}[{name}]"
    return Part([_OWN, *call("column = pd.Series(", [value, "dtype=object"]), _TEXTS_OR_NONE], (_PANDAS,))


def _primary(code: str) -> str:
    """An expression that something may stand behind, in brackets if need be."""
    kind = ast.parse(code, mode="eval").body
    return code if isinstance(kind, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else f"({code})"


# --- files and datasets of the Hub ---


def _file(reading: Reading) -> Part:
    value = reading.data.value
    suffixes = re.findall(r"\.[a-z0-9]+", value.rpartition("/")[2].casefold())
    packed = suffixes.pop() if suffixes and suffixes[-1] in _OPENERS else ""
    read = _FILE_READERS.get(suffixes[-1] if suffixes else "", _lines_file)
    part = read(reading, _opened(packed, reading.data))
    path = assigned("path", value)
    opener = (f"import {_OPENERS[packed]}",) if packed and "open(" in "".join(part.lines) else ()
    home: tuple[str, ...] = ()
    if value.startswith("~"):
        path, home = [*path, "path = Path(path).expanduser()"], ("from pathlib import Path",)
    return Part(["# 1. The texts, one a row of a file.", *path, *part.lines], (*part.imports, *opener, *home))


_OPENERS = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}


def _opened(packed: str, data: DataRef) -> str:
    encoding = f"encoding={inline(data.encoding or 'utf-8')}"
    opening = f'{_OPENERS[packed]}.open(path, "rt", {encoding})' if packed else f"open(path, {encoding})"
    return f"with {opening} as file:"


def _lines_file(reading: Reading, opened: str) -> Part:
    return Part([opened, '    texts = [line.removesuffix("\\n") for line in file]'])


def _delimited_file(reading: Reading, opened: str) -> Part:
    arguments = ["path", f"encoding={inline(reading.data.encoding or 'utf-8')}"]
    if reading.delimiter not in (None, ","):
        arguments.append(f"sep={inline(reading.delimiter or '')}")
    if not reading.has_header:
        arguments.append("header=None")
    named = reading.data.column is not None and reading.has_header
    taken = f"[{inline(reading.data.column or '')}]" if named else f".iloc[:, {reading.number or 0}]"
    return Part(
        [
            "# As text, and nothing taken for a missing value: NA may be a text.",
            *call("table = pd.read_csv(", [*arguments, "dtype=str", "keep_default_na=False"]),
            f"column = table{taken}",
            _TEXTS_OR_NONE,
        ],
        (_PANDAS,),
    )


def _json_file(reading: Reading, opened: str) -> Part:
    column, name = reading.data.column, "column" if reading.data.column is None else "records"
    record = f"    {name} = [json.loads(line) for line in file if line.strip()]"
    if reading.is_list:
        record = f"    {name} = json.load(file)"
    taken = [] if column is None else [f"column = [{_key(column.split('.'), column)} for record in records]"]
    return Part([opened, record, *taken, _TEXTS_OR_NONE], ("import json",))


def _key(steps: list[str], column: str) -> str:
    whole = f"record.get({inline(column)})"
    if len(steps) == 1:
        return whole
    inner = "".join(f".get({inline(step)}, {{}})" for step in steps[:-1])
    return f"{whole} or record{inner}.get({inline(steps[-1])})"


def _parquet_file(reading: Reading, opened: str) -> Part:
    column = inline(reading.data.column or "text")
    return Part(
        [
            *call("table = pd.read_parquet(", ["path", f"columns=[{column}]"]),
            f"column = table[{column}]",
            _TEXTS_OR_NONE,
        ],
        (_PANDAS,),
    )


_FILE_READERS: dict[str, Callable[[Reading, str], Part]] = {
    ".txt": _lines_file,
    ".csv": _delimited_file,
    ".tsv": _delimited_file,
    ".jsonl": _json_file,
    ".ndjson": _json_file,
    ".json": _json_file,
    ".parquet": _parquet_file,
}


def _hub(reading: Reading) -> Part:
    data = reading.data
    options = {"split": data.split, "revision": data.revision}
    arguments = [
        "name",
        *([inline(data.subset)] if data.subset else []),
        *(f"{option}={inline(value)}" for option, value in options.items() if value),
        *(["streaming=True"] if reading.streamed else []),
    ]
    return Part(
        [
            "# 1. The texts, one a row of a dataset of the Hub.",
            *assigned("name", data.value),
            *call("dataset = load_dataset(", arguments),
            f"column = [row.get({inline(data.column or 'text')}) for row in dataset]",
            _TEXTS_OR_NONE,
        ],
        ("from datasets import load_dataset",),
    )


_READERS: dict[str, Callable[[Reading], Part]] = {"variable": _variable, "file": _file, "hub": _hub}
