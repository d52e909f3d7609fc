"""Which rows a panel shows, and in which order. `js/src/query/classify.ts` does the same for rows the browser holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.finder import RowFinder, by_keys
from nbtransformers.panels.rows import Positions
from nbtransformers.results.classification import Classification

WITHOUT_SCORE = "without_score"


@dataclass(frozen=True, slots=True)
class Query:
    """What the panel asks for.

    Attributes:
        sort_by: `row`, `text`, `label`, `score`, or the number of a label.
        descending: the other way round; ties stay in the order of the rows.
        label: only rows of this label (multi-label: at the threshold or above), or `without_score`.
        search: only rows whose text or index holds this, upper and lower case alike.
    """

    sort_by: str | int = "row"
    descending: bool = False
    label: int | Literal["without_score"] | None = None
    search: str = ""

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The query of a request over the channel."""
        sort = cast("dict[str, Any]", params.get("sort") or {})
        return cls(
            sort_by=sort.get("by", "row"),
            descending=bool(sort.get("descending")),
            label=params.get("label"),
            search=str(params.get("search") or ""),
        )


class Finder:
    """Finds the rows of a result, query after query; what one query had to look at is kept for the next.

    Example:
        >>> Finder(result).found(Query(sort_by="score", descending=True))[:100]
    """

    def __init__(self, result: Classification) -> None:
        self._result = result
        # A panel scrolls through one order: the last query's rows are worth keeping.
        self._last: tuple[Query, Positions] | None = None
        self._rows = RowFinder(result)

    def found(self, query: Query) -> Positions:
        """The numbers of the rows that a query finds, in its order."""
        if self._last is None or self._last[0] != query:
            matches = self._label_matches(query.label) & self._rows.matches(query.search)
            self._last = query, self._ordered(np.flatnonzero(matches), query)
        return self._last[1]

    @cached_property
    def _best(self) -> NDArray[np.int64]:
        return self._result.best

    def _label_matches(self, label: int | str | None) -> NDArray[np.bool_]:
        result = self._result
        if label is None:
            return np.ones(len(result), dtype=bool)
        if label == WITHOUT_SCORE:
            return self._best < 0
        scores = result.scores[:, int(label)]  # it refuses a label that there is not
        if result.problem == "multi_label":
            return scores >= result.request.threshold
        return self._best == int(label)

    def _ordered(self, found: Positions, query: Query) -> Positions:
        """Found rows by their keys. Those without one come last and ties keep the order of the rows, either way."""
        by, descending = query.sort_by, query.descending
        if by == "row":
            return found[::-1].copy() if descending else found
        if by == "text":
            return self._rows.by_text(found, descending)
        return by_keys(found, self._keys(by, found), self._best[found] >= 0, descending)

    def _keys(self, by: str | int, rows: Positions) -> NDArray[Any]:
        best = self._best[rows]
        if by == "label":
            return best.astype(np.int32)
        return self._result.scores[rows, best if by == "score" else int(by)]
