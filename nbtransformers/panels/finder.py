"""Which rows of a result hold what is searched for, and how they are ordered: the same in every panel.

`js/src/query/rows.ts` does the same for rows the browser holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.rows import HasRows, Positions, row_names


class RowFinder:
    """Searches and orders the rows of a result; what one search had to look at is kept for the next.

    Example:
        >>> RowFinder(result).matches("film")
    """

    def __init__(self, result: HasRows) -> None:
        self._result = result
        self._searched: tuple[str, NDArray[np.bool_]] | None = None

    def matches(self, search: str) -> NDArray[np.bool_]:
        """Bool `[row]`: whether its text or its label holds this, upper and lower case alike."""
        if not search:
            return np.ones(len(self._result), dtype=bool)
        wanted = search.lower()
        if self._searched is None or self._searched[0] != wanted:
            self._searched = wanted, self._read(wanted)
        return self._searched[1]

    def by_text(self, found: Positions, descending: bool) -> Positions:
        """Found rows by their texts; those without one come last."""
        # As bytes: they have the order of the code points, and compare four times as fast.
        keys = [(text or "").encode("utf-8", "surrogatepass") for text in self._result.texts]
        rows = found.tolist()
        keyed = sorted((row for row in rows if keys[row]), key=keys.__getitem__, reverse=descending)
        return np.array([*keyed, *(row for row in rows if not keys[row])], dtype=np.int64)

    @cached_property
    def _names(self) -> list[str] | None:
        """The labels of the rows in lower case; None where they are the rows' numbers."""
        if self._result.index is None:
            return None
        return [name.lower() for name in row_names(self._result, np.arange(len(self._result)))]

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


def by_keys(found: Positions, keys: NDArray[Any], has_key: NDArray[np.bool_], descending: bool) -> Positions:
    """Found rows by their keys. Those without one come last and ties keep the order of the rows, either way.

    Args:
        found: the rows, in their own order.
        keys: a number for each of them.
        has_key: whether each has one.
        descending: the largest first.
    """
    keyed, last, keys = found[has_key], found[~has_key], keys[has_key]
    return np.concatenate([keyed[np.argsort(-keys if descending else keys, kind="stable")], last])


def stretch(params: dict[str, Any], rows: int) -> tuple[int, int]:
    """The first and the last row that a question asks for, of as many as there are."""
    start = max(0, int(params.get("start", 0)))
    return start, min(rows, max(start, int(params.get("stop", start))))
