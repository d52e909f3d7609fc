"""The lines of a program that read the texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import assigned, brief, expression, inline, listed
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
    before: list[str] = []
    if data.split is not None:
        before, split = brief("split", data.split)
        value = f"{_primary(value)}[{split}]"
    if data.column is not None:
        more, field = ([], str(reading.number)) if reading.number is not None else brief("field", data.column)
        before += more
        value = f"[row.get({field}) for row in {value}]" if reading.streamed else f"{_primary(value)}[{field}]"
    lines = call("column = pd.Series(", [value, "dtype=object"])
    return Part([_OWN, *before, *lines, _TEXTS_OR_NONE], (_PANDAS,))


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
    before, field = brief("field", reading.data.column or "")
    if reading.data.column is None or not reading.has_header:
        before, taken = [], f".iloc[:, {reading.number or 0}]"
    else:
        taken = f"[{field}]"
    return Part(
        [
            "# As text, and nothing taken for a missing value: NA may be a text.",
            *call("table = pd.read_csv(", [*arguments, "dtype=str", "keep_default_na=False"]),
            *before,
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
    taken = [] if column is None else _of_records(column)
    return Part([opened, record, *taken, _TEXTS_OR_NONE], ("import json",))


def _of_records(column: str) -> list[str]:
    before, field = brief("field", column)
    steps = column.split(".")
    if len(steps) == 1:
        return [*before, f"column = [record.get({field}) for record in records]"]
    return [
        "# Its keys have dots, or one object is in another.",
        *assigned("field", column),
        *listed("keys", steps),
        "column = []",
        "for record in records:",
        "    value = record",
        "    for key in [field] if field in record else keys:",
        "        value = value.get(key) if isinstance(value, dict) else None",
        "    column.append(value)",
    ]


def _parquet_file(reading: Reading, opened: str) -> Part:
    before, field = brief("field", reading.data.column or "text")
    reading_it = call("table = pd.read_parquet(", ["path", f"columns=[{field}]"])
    return Part([*before, *reading_it, f"column = table[{field}]", _TEXTS_OR_NONE], (_PANDAS,))


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
    before, arguments = assigned("name", data.value), ["name"]
    for option, value in (("subset", data.subset), ("split", data.split), ("revision", data.revision)):
        if value:
            more, written = brief(option, value)
            before += more
            arguments.append(written if option == "subset" else f"{option}={written}")
    if reading.streamed:
        arguments.append("streaming=True")
    more, field = brief("field", data.column or "text")
    return Part(
        [
            "# 1. The texts, one a row of a dataset of the Hub.",
            *before,
            *call("dataset = load_dataset(", arguments),
            *more,
            f"column = [row.get({field}) for row in dataset]",
            _TEXTS_OR_NONE,
        ],
        ("from datasets import load_dataset",),
    )


_READERS: dict[str, Callable[[Reading], Part]] = {"variable": _variable, "file": _file, "hub": _hub}
