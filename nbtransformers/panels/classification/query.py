"""Which rows a panel shows, and in which order. `js/src/query/classify.ts` does the same for rows the browser holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.rowmethods import RowQuery
from nbtransformers.panels.rows import Positions
from nbtransformers.results.classification import Classification

WITHOUT_SCORE = "without_score"


@dataclass(frozen=True, slots=True)
class Query(RowQuery):
    """What the panel asks for: it sorts also by `label`, `score`, or the number of a label.

    Attributes:
        label: only rows of this label (multi-label: at the threshold or above), or `without_score`.
    """

    label: int | Literal["without_score"] | None = None


class Finder(rowmethods.Finder[Classification, Query]):
    """Finds the rows of a classification, query after query.

    Example:
        >>> Finder(result).found(Query(sort_by="score", descending=True))[:100]
    """

    query = Query

    @cached_property
    def _best(self) -> NDArray[np.int64]:
        return self.result.best

    def matches(self, query: Query) -> NDArray[np.bool_] | None:
        result, label = self.result, query.label
        if label is None:
            return None
        if label == WITHOUT_SCORE:
            return self._best < 0
        scores = result.scores[:, int(label)]  # it refuses a label that there is not
        if result.problem == "multi_label":
            return scores >= result.request.threshold
        return self._best == int(label)

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        best = self._best[rows]
        if by == "label":
            return best.astype(np.int32), best >= 0
        return self.result.scores[rows, best if by == "score" else int(by)], best >= 0
