"""A trait that holds row numbers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

import numpy as np
import traitlets

from nbtransformers.errors import UserError, kind_of, shown

_HINT = "Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."


class RowNumbers(traitlets.TraitType[list[int], Any]):
    """Row numbers as a list: sorted, each once. Whatever numpy takes for whole numbers can be given, or a mask."""

    info_text = "row numbers"

    def make_dynamic_default(self) -> list[int]:
        """None selected; a list of its own for each panel."""
        return []

    def validate(self, obj: Any, value: Any) -> list[int]:
        """The rows as a sorted list.

        Raises:
            UserError: when they are no row numbers, or not those of the panel's result.
        """
        rows = _array(value)
        if rows.dtype == bool:
            if obj.rows is not None and len(rows) != obj.rows:
                raise UserError(f"The mask has {len(rows):,} rows, and the result {obj.rows:,}.", hint=_HINT)
            return np.flatnonzero(rows).tolist()
        if not len(rows):
            return []
        rows = np.unique(rows)
        for end in (rows[0], rows[-1]):
            if end < 0 or (obj.rows is not None and end >= obj.rows):
                there = f"from 0 to {obj.rows - 1:,}" if obj.rows else "from 0"
                raise UserError(f"There is no row {end}.", hint=f"Give row numbers {there}.")
        return rows.tolist()


def _array(value: Any) -> Any:
    rows = None
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
        # A set is no sequence to numpy.
        listed = value if hasattr(value, "__array__") else list(cast("Iterable[Any]", value))
        with suppress(ValueError):  # lists of several lengths
            rows = np.asarray(listed)
    if rows is None or rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iub"):
        raise UserError(f"The selection is {shown(value)}, {kind_of(value)}.", hint=_HINT)
    return rows
