"""Datasets on the wire: the list, one of them in full, and its first rows with what one does next.

`datasets` is the panel of a list, `dataset` that of one dataset; `tests/golden/datasets.json` holds both sides to them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nbtransformers.panels.datasets.uses import uses
from nbtransformers.panels.host import cell_id
from nbtransformers.panels.packing import sendable
from nbtransformers.request.catalog import ROWS, SORTS, TEXT_TASKS
from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets, rows_in_words

VERSION = 1
CELL_CHARACTERS = 300
"""Of a cell that are sent; the rest comes when it is asked for."""
MOST_CHARACTERS = 200_000
"""Of a cell that is asked for whole."""


def datasets_header(datasets: Datasets) -> tuple[dict[str, Any], bytes]:
    """The header of the panel of a list, and the payload, which is empty."""
    own = {
        "tasks": list(TEXT_TASKS),
        "sizes": [[size, rows_in_words(size)] for size in ROWS],
        "sorts": list(SORTS),
        "listed": list_of(datasets, 0),
    }
    return _header("datasets", "Datasets", datasets.summary, len(datasets), own), b""


def dataset_header(preview: DatasetPreview) -> tuple[dict[str, Any], bytes]:
    """The header of the panel of one dataset, and the payload, which is empty."""
    return _header("dataset", preview.name, "", len(preview.rows), {"look": look_of(preview)}), b""


def _header(kind: str, title: str, subtitle: str, rows: int, own: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": kind,
        "rows": rows,
        "inline": True,
        "title": sendable(title),
        "subtitle": sendable(subtitle),
        "cell": cell_id(),
        "facts": [],
        "notes": [],
        "sections": [],
        **own,
    }


def list_of(datasets: Datasets, number: int) -> dict[str, Any]:
    """A list; `number` counts those of its panel, the first is 0."""
    asked = asdict(datasets.request)
    return {
        "number": number,
        "asked": {name: sendable(value) if isinstance(value, str) else value for name, value in asked.items()},
        "summary": sendable(datasets.summary),
        "more": datasets.more,
        "notes": list(map(sendable, datasets.notes)),
        "near": list(map(sendable, datasets.near)),
        "rows": [dict(zip(Datasets.heads, map(sendable, cells), strict=True)) for cells in datasets.cells()],
    }


def detail_of(entry: DatasetEntry) -> dict[str, Any]:
    """All that is known of a dataset without reading it."""
    return {
        "name": sendable(entry.name),
        "description": sendable(entry.description),
        "facts": [[name, sendable(text)] for name, text in entry.facts()],
    }


def look_of(preview: DatasetPreview) -> dict[str, Any]:
    """The first rows of a dataset; of a cell that is too long `left` is how many characters more it has."""
    return {
        "name": sendable(preview.name),
        "subset": None if preview.subset is None else sendable(preview.subset),
        "subsets": list(map(sendable, preview.subsets)),
        "split": sendable(preview.split),
        "splits": [[sendable(name), rows] for name, rows in preview.splits.items()],
        "columns": [[sendable(str(name)), sendable(kind)] for name, kind in preview.columns.items()],
        "rows": [
            [_cell(preview.cell(row, column)) for column in range(len(preview.columns))]
            for row in range(len(preview.rows))
        ],
        "notes": list(map(sendable, preview.notes)),
        "uses": [[title, sendable(line)] for title, line in uses(preview)],
    }


def _cell(text: str) -> dict[str, Any]:
    return {"text": sendable(text[:CELL_CHARACTERS]), "left": max(0, len(text) - CELL_CHARACTERS)}


def whole_cell(text: str) -> dict[str, Any]:
    """A cell that was asked for whole; `left` is what even that leaves out."""
    return {"text": sendable(text[:MOST_CHARACTERS]), "left": max(0, len(text) - MOST_CHARACTERS)}
