"""What the panel of entities can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import file_name
from nbtransformers.panels.finder import stretch
from nbtransformers.panels.rowmethods import RowQuery, row_actions, row_methods
from nbtransformers.panels.rows import Positions
from nbtransformers.panels.tagging.wire import page, spans_of_row, tokens_of_row
from nbtransformers.results.entities import Entities

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_MOST_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class Query(RowQuery):
    """What the panel asks for: it sorts also by `entities`, their number.

    Attributes:
        type: only rows that have an entity of the type with this number.
    """

    type: int | None = None


class Finder(rowmethods.Finder[Entities, Query]):
    """Finds the rows of a result; `js/src/query/entities.ts` does the same for rows the browser holds."""

    query = Query

    def matches(self, query: Query) -> NDArray[np.bool_] | None:
        return None if query.type is None else self._counts(query.type) > 0

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        known = np.ones(len(self.result), dtype=bool)
        known[self.result.reasons.rows()] = False
        return self.result.found.counts[rows], known[rows]

    def _counts(self, kind: int) -> NDArray[np.int64]:
        found = self.result.found
        return np.bincount(found.owner[found.flat["type"] == int(kind)], minlength=len(self.result))


def methods(result: Entities) -> dict[str, Method]:
    """The questions about a result: those of any rows, `spans` (all of one text) and `tokens` (some of one text)."""

    def spans(params: dict[str, Any]) -> Answer:
        sections, payload = spans_of_row(result, int(params["position"]))
        return {"sections": sections}, [payload]

    def tokens(params: dict[str, Any]) -> Answer:
        row = int(params["position"])
        total = int(result.tagged.counts[row])
        start, stop = stretch(params, total)
        sections, payload = tokens_of_row(result, row, start, min(stop, start + _MOST_TOKENS))
        return {"total": total, "start": start, "sections": sections}, [payload]

    return {**row_methods(result, Finder(result), page), "spans": spans, "tokens": tokens}


def actions(result: Entities, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes the entities of rows into a file."""
    return row_actions(result, panel, Finder(result), file_name(f"{result.run.model} entities"))
