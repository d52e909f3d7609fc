"""Which rows a panel shows, and in which order. `js/src/query/classify.ts` does the same for rows the browser holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.classification.wire import Positions, row_names
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
        self._searched: tuple[str, NDArray[np.bool_]] | None = None

    def found(self, query: Query) -> Positions:
        """The numbers of the rows that a query finds, in its order."""
        if self._last is None or self._last[0] != query:
            matches = self._label_matches(query.label)
            if query.search:
                matches = matches & self._search_matches(query.search)
            self._last = query, self._ordered(np.flatnonzero(matches), query)
        return self._last[1]

    @cached_property
    def _best(self) -> NDArray[np.int64]:
        return self._result.best

    @cached_property
    def _names(self) -> list[str] | None:
        """The labels of the rows in lower case; None where they are the rows' numbers."""
        if self._result.index is None:
            return None
        return [name.lower() for name in row_names(self._result, np.arange(len(self._result)))]

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

    def _search_matches(self, search: str) -> NDArray[np.bool_]:
        wanted = search.lower()
        if self._searched is None or self._searched[0] != wanted:
            self._searched = wanted, self._read(wanted)
        return self._searched[1]

    def _read(self, wanted: str) -> NDArray[np.bool_]:
        rows = len(self._result)
        known = self._searched
        if known is not None and known[0] in wanted:  # one more letter was typed: only what was found can still be
            among = np.flatnonzero(known[1])
            matches = np.zeros(rows, dtype=bool)
            matches[among] = self._hold(wanted, (self._result.texts[row] for row in among.tolist()), among)
            return matches
        return self._hold(wanted, self._result.texts, np.arange(rows))

    def _hold(self, wanted: str, texts: Iterable[str | None], rows: Positions) -> NDArray[np.bool_]:
        """Whether the text or the label of each of these rows holds what is wanted."""
        in_text = np.fromiter((text is not None and wanted in text.lower() for text in texts), bool, count=len(rows))
        names = self._names
        if names is not None:
            return in_text | np.fromiter((wanted in names[row] for row in rows.tolist()), bool, count=len(rows))
        if not wanted.isdecimal():
            return in_text
        return in_text | np.fromiter((wanted in str(row) for row in rows.tolist()), bool, count=len(rows))

    def _ordered(self, found: Positions, query: Query) -> Positions:
        """Found rows by their keys. Those without one come last and ties keep the order of the rows, either way."""
        by, descending = query.sort_by, query.descending
        if by == "row":
            return found[::-1].copy() if descending else found
        if by == "text":
            return self._by_text(found, descending)
        scored = self._best[found] >= 0
        keyed, last = found[scored], found[~scored]
        keys = self._keys(by, keyed)
        return np.concatenate([keyed[np.argsort(-keys if descending else keys, kind="stable")], last])

    def _keys(self, by: str | int, rows: Positions) -> NDArray[Any]:
        best = self._best[rows]
        if by == "label":
            return best.astype(np.int32)
        return self._result.scores[rows, best if by == "score" else int(by)]

    def _by_text(self, found: Positions, descending: bool) -> Positions:
        # As bytes: they have the order of the code points, and compare four times as fast.
        keys = [(text or "").encode("utf-8", "surrogatepass") for text in self._result.texts]
        rows = found.tolist()
        keyed = sorted((row for row in rows if keys[row]), key=keys.__getitem__, reverse=descending)
        return np.array([*keyed, *(row for row in rows if not keys[row])], dtype=np.int64)
