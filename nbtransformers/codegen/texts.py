"""The lines of a program that read the texts."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbtransformers.codegen.hubdatasets import LOADING, loaded
from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import assigned, brief, expression, inline, listed
from nbtransformers.results.recipe import Reading

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HERE = "# 1. The texts, one a row."
_OWN = f"{_HERE} They are your own: run the cell that makes them first."
_USED_UP = f"{_HERE} They came from an iterator, which is used up: make it anew first."
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

    @property
    def labels(self) -> str:
        """The labels of the rows that can be read, as an expression."""
        if self.index is not None:
            return f"{self.index}[rows]"
        return f"range(len({self.readable}))" if self.every_row else "rows"

    @property
    def labelled(self) -> str:
        """The texts that can be read, each with the label of its row, as an expression."""
        if self.every_row and self.index is None:
            return f"enumerate({self.readable})"
        return f"zip({self.labels}, {self.readable})"


def source(reading: Reading) -> Source:
    """The lines for the texts."""
    data = reading.data
    if data.kind in ("lines", "whole") or reading.texts:
        return _written(reading.texts or data.texts)
    part = _READERS[data.kind](reading)
    undecodable = _UNDECODABLE if data.kind == "file" and "undecodable" in reading.damage else []
    lines = [*part.lines, *undecodable, *_rows(reading.lone_surrogates)]
    imports = (*part.imports, "import re") if undecodable or reading.lone_surrogates else part.imports
    has_index = data.kind == "variable" and not _is_dataset(reading)
    return Source(Part(lines, imports), every_row=False, index="column.index" if has_index else None)


def _written(texts: Sequence[str | None]) -> Source:
    lone_surrogates = any(_LONE_SURROGATE.search(text or "") for text in texts)
    lines = [_HERE, *listed("texts", texts, one_line=False)]
    if all(text and text.strip() for text in texts) and not lone_surrogates:
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


_UNDECODABLE = [
    "# What is not in the file's encoding was let through, marked; its row is not read.",
    r"""texts = [None if re.search(r"[\udc80-\udcff]", text or "") else text for text in texts]""",
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
    said = _HERE
    if reading.used_up:
        said = _USED_UP
    elif reading.unnamed:
        said = f"{_HERE} Have yours in `{data.value}` before this runs."
    elif _has_own_names(value):
        said = _OWN
    return Part([said, *before, *lines, _TEXTS_OR_NONE], (_PANDAS,))


def _has_own_names(code: str) -> bool:
    """Whether an expression needs a variable of the user's: a literal does not."""
    names = [node for node in ast.walk(ast.parse(code, mode="eval")) if isinstance(node, ast.Name)]
    loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return not loaded <= {node.id for node in names if isinstance(node.ctx, ast.Store)} | set(dir(builtins))


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
    # The parser of tables wants to see the ends of lines as they are.
    newline = 'newline="", ' if read is _delimited_file else ""
    part = read(reading, _opened(packed, newline, reading))
    path = assigned("path", value)
    opener = (f"import {_OPENERS[packed]}",) if packed and "open(" in "".join(part.lines) else ()
    home: tuple[str, ...] = ()
    if value.startswith("~"):
        path, home = [*path, "path = Path(path).expanduser()"], ("from pathlib import Path",)
    return Part(["# 1. The texts, one a row of a file.", *path, *part.lines], (*part.imports, *opener, *home))


_OPENERS = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}


def _opened(packed: str, newline: str, reading: Reading) -> str:
    encoding = f"{newline}encoding={inline(reading.data.encoding or 'utf-8')}"
    if "undecodable" in reading.damage:
        encoding += ', errors="surrogateescape"'
    opening = f'{_OPENERS[packed]}.open(path, "rt", {encoding})' if packed else f"open(path, {encoding})"
    return f"with {opening} as file:"


def _lines_file(reading: Reading, opened: str) -> Part:
    return Part([opened, '    texts = [line.removesuffix("\\n") for line in file]'])


def _delimited_file(reading: Reading, opened: str) -> Part:
    if reading.damage:
        return _damaged_table(reading, opened)
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


def _damaged_table(reading: Reading, opened: str) -> Part:
    comma = reading.delimiter in (None, ",")
    delimiter = "" if comma else f", delimiter={inline(reading.delimiter or '')}"
    alone = f"next(csv.reader([lines[at]]{delimiter}))"
    if reading.delimiter == "\t":  # in such files a quotation mark mostly stands for itself
        broken = ['        records.append(lines[at].rstrip("\\r\\n").split("\\t"))']
    else:
        broken = [
            "        in_one_line = reader.line_num == done + 1",
            f"        records.append({alone} if in_one_line else None)",
        ]
    number, header = reading.number or 0, ", *records" if reading.has_header else ""
    first = f"header{header} = records" if header else "header = next(record for record in records if record)"
    return Part(
        [
            "# Some rows are broken: they keep their places, and have no text. A quotation mark that is not",
            "# closed would take in all lines behind it; so its line is left out, and read on from the next.",
            opened,
            '    lines = [*file, "\\n"]  # the blank one shows that a mark in the last is not closed',
            "records, start = [], 0",
            "while start < len(lines):",
            "    rest = (lines[at] for at in range(start, len(lines)))",
            f"    reader, done = csv.reader(rest{delimiter}, strict=True), 0",
            "    try:",
            "        for record in reader:",
            "            records += [record] if record else []",
            "            done = reader.line_num",
            "        break",
            "    except csv.Error:",
            "        at = start + done",
            *broken,
            "        start = at + 1",
            first,
            "column = []",
            "for record in records:",
            "    too_long = record is not None and any(record[len(header) :])",
            f"    is_there = record is not None and len(record) > {number} and not too_long",
            f"    column.append(record[{number}] if is_there else None)",
            _TEXTS_OR_NONE,
        ],
        ("import csv",),
    )


def _json_file(reading: Reading, opened: str) -> Part:
    column, name = reading.data.column, "column" if reading.data.column is None else "records"
    lines, imports = _json_values(reading, opened, name)
    if column is not None and reading.damage & {"broken", "no object"}:
        lines.append("records = [record if isinstance(record, dict) else {} for record in records]")
    taken = [] if column is None else _of_records(column)
    return Part([*lines, *taken, _TEXTS_OR_NONE], ("import json", *imports))


def _json_values(reading: Reading, opened: str, name: str) -> tuple[list[str], tuple[str, ...]]:
    """The lines that leave the values of a file in the variable `name`, and imports for them."""
    broken = "broken" in reading.damage
    if broken and reading.is_list:
        return [
            opened,
            "    written = file.read()",
            "# The list is broken: it is read up to there, and what is broken is a row without a text.",
            'between = re.compile(r"[\\s,]*")',
            f'{name}, at = [], written.index("[") + 1',
            'while not written.startswith("]", at := between.match(written, at).end()):',
            "    try:",
            "        value, at = json.JSONDecoder().raw_decode(written, at)",
            "    except (ValueError, RecursionError):",
            f"        {name}.append(None)",
            "        break",
            f"    {name}.append(value)",
        ], ("import re",)
    if broken:
        return [
            f"{name} = []",
            opened,
            "    for line in filter(str.strip, file):",
            "        try:",
            f"            {name}.append(json.loads(line))",
            "        except (ValueError, RecursionError):  # a broken line is a row without a text",
            f"            {name}.append(None)",
        ], ()
    if reading.is_list:
        return [opened, f"    {name} = json.load(file)"], ()
    return [opened, f"    {name} = [json.loads(line) for line in file if line.strip()]"], ()


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
    more, field = brief("field", data.column or "text")
    return Part(
        [
            "# 1. The texts, one a row of a dataset of the Hub.",
            *loaded(data, streamed=reading.streamed),
            *more,
            f"column = [row.get({field}) for row in dataset]",
            _TEXTS_OR_NONE,
        ],
        (LOADING,),
    )


_READERS: dict[str, Callable[[Reading], Part]] = {"variable": _variable, "file": _file, "hub": _hub}
