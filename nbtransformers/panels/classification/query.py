"""Which rows a panel shows, and in which order. `js/src/query.ts` does the same for rows the browser holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.classification.wire import Positions, row_names, sendable
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


class Searched:
    """What a search reads of a result; made at the first search, and kept for the next."""

    def __init__(self, result: Classification) -> None:
        self._result = result

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """The text and the index of each row, in lower case."""
        names = row_names(self._result, np.arange(len(self._result)))
        return [(text.lower(), name.lower()) for text, name in zip(_texts(self._result), names, strict=True)]


def matching(result: Classification, query: Query, searched: Searched | None = None) -> Positions:
    """The numbers of the rows that a query finds, in its order; `searched` is kept from one query to the next."""
    matches = _label_matches(result, query)
    if query.search:
        matches &= _search_matches(searched or Searched(result), query.search)
    found = np.flatnonzero(matches)
    if query.sort_by == "row":
        return found[::-1].copy() if query.descending else found
    keys, last = _sort_keys(result, query.sort_by, found)
    ranks = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    # Negated rank rather than a reversed order: ties stay in the order of the rows either way.
    order = np.lexsort((found, -ranks if query.descending else ranks, last))
    return found[order]


def _label_matches(result: Classification, query: Query) -> NDArray[np.bool_]:
    if query.label is None:
        return np.ones(len(result), dtype=bool)
    if query.label == WITHOUT_SCORE:
        return ~result.scored
    return result.assigned[:, int(query.label)]


def _search_matches(searched: Searched, search: str) -> NDArray[np.bool_]:
    wanted, rows = search.lower(), searched.rows
    return np.fromiter((wanted in text or wanted in name for text, name in rows), dtype=bool, count=len(rows))


def _sort_keys(result: Classification, by: str | int, found: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The key of each found row, and whether it comes last whatever the direction."""
    if by == "text":
        texts = np.array(_texts(result), dtype=object)[found]
        return texts, np.array([not text for text in texts], dtype=bool)
    last = ~result.scored[found]
    if by == "label":
        return result.best[found], last
    scores = np.nan_to_num(result.scores[found], nan=0.0)
    return (scores.max(axis=1) if by == "score" else scores[:, int(by)]), last


def _texts(result: Classification) -> list[str]:
    return [sendable(text or "") for text in result.texts]
