"""What the panel of filled masks can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.channel import Method
from nbtransformers.panels.export import file_name
from nbtransformers.panels.filling.wire import Shown, page
from nbtransformers.panels.rowmethods import RowQuery, row_actions, row_methods
from nbtransformers.panels.rows import Positions
from nbtransformers.results.filling import Filling

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


class Finder(rowmethods.Finder[Shown, RowQuery]):
    """Finds the rows of a result; it sorts also by `score`: the probability of the first mask's likeliest filling."""

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        found = self.result.result.found
        first = np.append(found.flat["probabilities"][:, 0], np.float32(0))
        return first[found.rows[rows]], found.counts[rows] > 0


def methods(result: Filling) -> dict[str, Method]:
    """The questions about a result: those of any rows."""
    shown = Shown(result)
    return row_methods(shown, Finder(shown), lambda shown, positions: page(shown.result, positions))


def actions(result: Filling, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes the fillings of rows into a file."""
    return row_actions(result, panel, Finder(Shown(result)), file_name(f"{result.run.model} fillings"))
