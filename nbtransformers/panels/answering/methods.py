"""What the panel of answers can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.answering.shown import Shown, excerpt
from nbtransformers.panels.answering.wire import page
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import file_name
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rowmethods import RowQuery, row_actions, row_methods
from nbtransformers.panels.rows import Positions
from nbtransformers.results.answers import Answers

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

WITHOUT_SCORE = "without_score"


@dataclass(frozen=True, slots=True)
class Query(RowQuery):
    """What the panel asks for: it sorts also by `score`.

    Attributes:
        label: 0 for rows with an answer, 1 for those without, or `without_score` for those that were not answered.
    """

    label: Literal[0, 1, "without_score"] | None = None


class Finder(rowmethods.Finder[Shown, Query]):
    """Finds the rows of a result; `js/src/query/answer.ts` does the same for rows the browser holds."""

    query = Query

    def matches(self, query: Query) -> NDArray[np.bool_] | None:
        result = self.result.result
        if query.label is None:
            return None
        if query.label == WITHOUT_SCORE:
            without = np.zeros(len(result), dtype=bool)
            without[result.reasons.rows()] = True
            return without
        return result.answered if query.label == 0 else (result.best >= 0) & ~result.answered

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        best = self.result.result.best[rows]
        scores = np.append(self.result.result.found.flat["score"], np.float32(0))
        return scores[best], best >= 0


def methods(result: Answers) -> dict[str, Method]:
    """The questions about a result: those of any rows, and `context` (that of a row, around its best answer)."""
    shown = Shown.of(result)

    def context(params: dict[str, Any]) -> Answer:
        part = excerpt(result, int(params["position"]))
        return {"text": sendable(part.text), "start": part.start, "length": part.length}, []

    return {**row_methods(shown, Finder(shown), page), "context": context}


def actions(result: Answers, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes the answers of rows into a file."""
    name = file_name(f"{result.run.model} answers")
    return row_actions(result, panel, Finder(Shown.of(result)), name)
