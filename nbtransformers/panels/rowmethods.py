"""What any panel of rows can be asked, whatever its kind: a page, the numbers, the whole text, a file.

A new kind brings three things, and is done (`tokenization/methods.py` is an example):

- its query: `RowQuery` itself, or a subclass with a field for each filter, named as the panel sends it;
- its finder: a subclass of `Finder` with `keys` for the sorts that are its own, and `matches` for its filters;
- its page: `page(result, positions)` to sections and bytes, in its wire.

Then `methods` is `row_methods(result, Finder(result), page)`, with the kind's own questions beside them, and `actions`
is `row_actions(result, panel, Finder(result), name)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import export
from nbtransformers.panels.finder import RowFinder, by_keys, stretch
from nbtransformers.panels.packing import Section, packed, sendable
from nbtransformers.panels.rows import HasRows, Positions
from nbtransformers.results.export import Writable

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_MOST_ROWS = 1_000  # a page is what a screen can show, many times over


@dataclass(frozen=True, slots=True)
class RowQuery:
    """What a panel asks for.

    Attributes:
        sort_by: `row`, `text`, or a key of the kind's own.
        descending: the other way round; ties stay in the order of the rows.
        search: only rows whose text or index holds this, upper and lower case alike.
    """

    sort_by: str | int = "row"
    descending: bool = False
    search: str = ""

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The query of a request over the channel; a kind's own fields bear the names that the panel sends."""
        sort = cast("dict[str, Any]", params.get("sort") or {})
        own = {field.name: params.get(field.name) for field in fields(cls) if field.name not in _SHARED}
        return cls(sort.get("by", "row"), bool(sort.get("descending")), str(params.get("search") or ""), **own)


_SHARED = tuple(field.name for field in fields(RowQuery))

Q = TypeVar("Q", bound=RowQuery)
R = TypeVar("R", bound=HasRows)


class Finder(Generic[R, Q]):
    """Finds the rows of a result, query after query; what one query had to look at is kept for the next.

    Example:
        >>> Finder(result).found(RowQuery(sort_by="text", descending=True))[:100]
    """

    query: ClassVar[type[RowQuery]] = RowQuery

    def __init__(self, result: R) -> None:
        self.result = result
        # A panel scrolls through one order: the last query's rows are worth keeping.
        self._last: tuple[Q, Positions] | None = None
        self._rows = RowFinder(result)

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A number for each of these rows to sort them by, and whether the row has one; `by` is the kind's own."""
        raise NotImplementedError(by)

    def matches(self, query: Q) -> NDArray[np.bool_] | None:
        """Bool `[row]`: which rows the kind's own filters let through; None for all."""
        return None

    def asked(self, params: dict[str, Any]) -> Positions:
        """The numbers of the rows that a request over the channel finds, in its order."""
        return self.found(cast("Q", self.query.from_params(params)))

    def found(self, query: Q) -> Positions:
        """The numbers of the rows that a query finds, in its order."""
        if self._last is None or self._last[0] != query:
            through, holds = self.matches(query), self._rows.matches(query.search)
            found = np.flatnonzero(holds if through is None else through & holds)
            self._last = query, self._ordered(found, query.sort_by, query.descending)
        return self._last[1]

    def _ordered(self, found: Positions, by: str | int, descending: bool) -> Positions:
        """Found rows by their keys. Those without one come last and ties keep the order of the rows, either way."""
        if by == "row":
            return found[::-1].copy() if descending else found
        if by == "text":
            return self._rows.by_text(found, descending)
        return by_keys(found, *self.keys(by, found), descending)


def row_methods(
    result: R, finder: Finder[R, Any], page: Callable[[R, Positions], tuple[list[Section], bytes]]
) -> dict[str, Method]:
    """The questions about the rows of a result.

    `rows` (a page of a query), `positions` (the numbers of the rows of a stretch of a query), and `text` (a
    clipped text, whole).
    """

    def rows(params: dict[str, Any]) -> Answer:
        found = finder.asked(params)
        start, stop = stretch(params, len(found))
        sections, payload = page(result, found[start : min(stop, start + _MOST_ROWS)])
        return {"total": len(found), "start": start, "sections": sections}, [payload]

    def positions(params: dict[str, Any]) -> Answer:
        found = finder.asked(params)
        start, stop = stretch(params, len(found))
        sections, payload = packed({"position": found[start:stop].astype(np.uint32)})
        return {"start": start, "sections": sections}, [payload]

    def text(params: dict[str, Any]) -> Answer:
        return {"text": sendable(result.texts[int(params["position"])] or "")}, []

    return {"rows": rows, "positions": positions, "text": text}


def row_actions(result: Writable, panel: Panel, finder: Finder[Any, Any], name: str) -> dict[str, Method]:
    """What a panel of rows can have done: `export` writes rows into a file of this name."""
    return {"export": export(result, panel, name, finder.asked)}
