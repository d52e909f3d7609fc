"""What the panel of a classification can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.classification.query import Finder, Query
from nbtransformers.panels.classification.wire import page
from nbtransformers.panels.export import export, file_name
from nbtransformers.panels.finder import stretch
from nbtransformers.panels.packing import packed, sendable
from nbtransformers.results.classification import Classification

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

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
    """What a panel can have done: `export` writes rows into a file."""
    finder = Finder(result)
    name = file_name(result.run.model) or "labels"
    return {"export": export(result, panel, name, lambda params: finder.found(Query.from_params(params)))}
