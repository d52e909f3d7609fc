"""What the panel of a tokenization can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import export, file_name
from nbtransformers.panels.finder import RowFinder, by_keys, stretch
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import Positions
from nbtransformers.panels.tokenization.wire import page, stretch_of_tokens
from nbtransformers.results.tokenization import Tokenization

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_MOST_ROWS = 1_000  # a page is what a screen can show, many times over
_MOST_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """What the panel asks for.

    Attributes:
        sort_by: `row`, `text`, or `tokens0`, `tokens1` …: the tokens of a tokenizer.
        descending: the other way round; ties stay in the order of the rows.
        search: only rows whose text or index holds this, upper and lower case alike.
    """

    sort_by: str = "row"
    descending: bool = False
    search: str = ""

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The query of a request over the channel."""
        sort = cast("dict[str, Any]", params.get("sort") or {})
        return cls(str(sort.get("by", "row")), bool(sort.get("descending")), str(params.get("search") or ""))


class Finder:
    """Finds the rows of a tokenization, query after query."""

    def __init__(self, result: Tokenization) -> None:
        self._result = result
        # A panel scrolls through one order: the last query's rows are worth keeping.
        self._last: tuple[Query, Positions] | None = None
        self._rows = RowFinder(result)

    def found(self, query: Query) -> Positions:
        """The numbers of the rows that a query finds, in its order."""
        if self._last is None or self._last[0] != query:
            self._last = query, self._ordered(np.flatnonzero(self._rows.matches(query.search)), query)
        return self._last[1]

    def _ordered(self, found: Positions, query: Query) -> Positions:
        if query.sort_by == "row":
            return found[::-1].copy() if query.descending else found
        if query.sort_by == "text":
            return self._rows.by_text(found, query.descending)
        counts = self._result[int(query.sort_by.removeprefix("tokens"))].counts
        with_tokens = np.ones(len(self._result), dtype=bool)
        with_tokens[self._result.reasons.rows()] = False
        return by_keys(found, counts[found], with_tokens[found], query.descending)


def methods(result: Tokenization) -> dict[str, Method]:
    """The questions about a result.

    `rows` (a page of a query), `positions` (the numbers of the rows of a stretch of a query), `text` (a clipped text,
    whole) and `tokens` (a stretch of the tokens of one text).
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
        return {"start": start}, [found[start:stop].astype(np.uint32).tobytes()]

    def text(params: dict[str, Any]) -> Answer:
        return {"text": sendable(result.texts[int(params["position"])] or "")}, []

    def tokens(params: dict[str, Any]) -> Answer:
        row, tokenizer = int(params["position"]), int(params.get("tokenizer", 0))
        total = int(result[tokenizer].counts[row])
        start, stop = stretch(params, total)
        stop = min(stop, start + _MOST_TOKENS)
        text_start, sections, payload = stretch_of_tokens(result, row, tokenizer, start, stop)
        return {"total": total, "start": start, "text_start": text_start, "sections": sections}, [payload]

    return {"rows": rows, "positions": positions, "text": text, "tokens": tokens}


def actions(result: Tokenization, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes the tokens of rows into a file."""
    finder = Finder(result)
    name = file_name(" ".join([*(tokens.name for tokens in result.tokenizers), "tokens"]))
    return {"export": export(result, panel, name, lambda params: finder.found(Query.from_params(params)))}
