"""Which generated texts a panel shows, and in which order: `js/src/query/generate.ts` does it for those it holds."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.generation.prompts import Prompts
from nbtransformers.panels.rowmethods import RowQuery
from nbtransformers.panels.rows import Positions


class Finder(rowmethods.Finder[Prompts, RowQuery]):
    """Finds generated texts by their prompts; it sorts also by `written`, `tokens`, `mean` and `ending`.

    Example:
        >>> Finder(Prompts(result)).found(RowQuery(sort_by="mean", descending=True))[:100]
    """

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        """Int64 `[row]`: the place of what was written among all texts in the order of their code points."""
        texts = np.array([text or "" for text in self.result.generation.texts], dtype=object)
        return np.unique(texts, return_inverse=True)[1].astype(np.int64)

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        result = self.result
        written = np.array([reason is None for reason in result.reasons.at(rows)], bool)
        match by:
            case "written":
                return self._ranks[rows], written
            case "tokens":
                return result.generation.found.counts[rows], written
            case "mean":
                mean = result.mean[rows]
                return mean, written & np.isfinite(mean)
            case "ending":
                return result.generation.endings[rows].astype(np.int64), written
            case _:
                raise KeyError(by)
