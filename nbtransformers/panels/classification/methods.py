"""What the panel of a classification can be asked."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.classification.query import Query, Searched, matching
from nbtransformers.panels.classification.wire import page, sendable
from nbtransformers.results.classification import Classification

_MOST_ROWS = 1_000  # a page is what a screen can show, many times over


def methods(result: Classification) -> dict[str, Method]:
    """The questions about a result: `rows` (a page of a query) and `text` (a clipped text, whole)."""
    # A panel scrolls through one order: the last query's rows are worth keeping.
    last: dict[Query, Any] = {}
    searched = Searched(result)

    def rows(params: dict[str, Any]) -> Answer:
        query = Query.from_params(params)
        if query not in last:
            last.clear()
            last[query] = matching(result, query, searched)
        found = last[query]
        start = max(0, int(params.get("start", 0)))
        stop = min(start + _MOST_ROWS, max(start, int(params.get("stop", start))))
        sections, payload = page(result, np.asarray(found[start:stop]))
        return {"total": len(found), "start": start, "sections": sections}, [payload]

    def text(params: dict[str, Any]) -> Answer:
        return {"text": sendable(result.texts[int(params["position"])] or "")}, []

    return {"rows": rows, "text": text}
