"""What the panel of a classification can be asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.classification.query import Finder, Query
from nbtransformers.panels.classification.wire import page
from nbtransformers.panels.finder import stretch
from nbtransformers.panels.packing import packed, sendable
from nbtransformers.plain_text import file_size
from nbtransformers.results.arrow import Format
from nbtransformers.results.classification import Classification
from nbtransformers.results.export import write

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_FORMATS: dict[str, Format] = {"csv": "csv", "parquet": "parquet"}
_MOST_ROWS = 1_000  # a page is what a screen can show, many times over


def methods(result: Classification) -> dict[str, Method]:
    """The questions about a result.

    `rows` (a page of a query), `positions` (the numbers of the rows of a stretch of a query), and `text` (a
    clipped text, whole).
    """
    finder = Finder(result)

    def rows(params: dict[str, Any]) -> Answer:
        found = finder.found(Query.from_params(params))
        start, stop = stretch(params, len(found))
        sections, payload = page(result, found[start : min(stop, start + _MOST_ROWS)])
        return {"total": len(found), "start": start, "sections": sections}, [payload]

    def positions(params: dict[str, Any]) -> Answer:
        found = finder.found(Query.from_params(params))
        start, stop = stretch(params, len(found))
        sections, payload = packed({"position": found[start:stop].astype(np.uint32)})
        return {"start": start, "sections": sections}, [payload]

    def text(params: dict[str, Any]) -> Answer:
        return {"text": sendable(result.texts[int(params["position"])] or "")}, []

    return {"rows": rows, "positions": positions, "text": text}


def actions(result: Classification, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes rows into a file in the kernel's folder, the notebook's as a rule.

    A file for the browser to keep would have to pass through the notebook's connection, and through an address of
    the page's own that a strict policy may refuse; the kernel's folder is there in every host, at any size.
    """
    finder = Finder(result)

    def export(params: dict[str, Any]) -> Answer:
        which = {
            "all": lambda: None,
            "found": lambda: finder.found(Query.from_params(params)),
            "selected": lambda: np.array(panel.selection, dtype=np.int64),
        }
        kind: Format = _FORMATS[params["format"]]
        written = write(result, f"{_file_name(result)}.{kind}", kind, rows=which[params["which"]](), taken="number")
        return {
            "name": sendable(written.path.name),
            "folder": sendable(str(written.path.parent)),
            "rows": written.rows,
            "size": file_size(written.nbytes),
            "notes": list(map(sendable, written.notes)),
        }, []

    return {"export": export}


def _file_name(result: Classification) -> str:
    """The model's name, as far as any file system takes it."""
    return re.sub(r"[^\w.-]+", "-", result.run.model).strip("-.")[:60] or "labels"
