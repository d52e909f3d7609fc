"""The trait of a panel that holds what is selected in it, and what its numbers count, kind by kind."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

import numpy as np
import traitlets

from nbtransformers.errors import UserError, kind_of, shown

SELECTED: dict[str, str] = {
    "answer": "row",
    "attention": "token",
    "classify": "row",
    "dataset": "row",
    "datasets": "dataset",
    "embed": "row",
    "entities": "row",
    "explain": "token",
    "fill": "row",
    "generate": "row",
    "models": "model",
    "positions": "position",
    "runs": "run",
    "similar": "row",
    "tokenize": "row",
}
"""What the numbers of a selection count, by the kind of panel; in one that is not here there is nothing to select."""


class SelectedNumbers(traitlets.TraitType[list[int], Any]):
    """Numbers of rows, or of whatever a kind of panel has, as a list: sorted, each once.

    Whatever numpy takes for whole numbers can be given, or a mask of all of them.
    """

    info_text = "numbers"

    def make_dynamic_default(self) -> list[int]:
        """None selected; a list of its own for each panel."""
        return []

    def validate(self, obj: Any, value: Any) -> list[int]:
        """The numbers as a sorted list.

        Raises:
            UserError: when they are none, or not those of the panel's result, or its kind has nothing to select.
        """
        what = SELECTED.get(obj.kind, "row")
        hint = f"Give {what} numbers, or a mask of all {what}s: `panel.selection = [0, 2]`."
        numbers = _array(value, hint)
        if not len(numbers):
            return []
        if obj.kind and obj.kind not in SELECTED:  # before there is a result, a panel has no kind
            raise nothing_to_select(obj.kind)
        if numbers.dtype == bool:
            if obj.rows is not None and len(numbers) != obj.rows:
                raise UserError(f"The mask has {len(numbers):,} {what}s, and the result {obj.rows:,}.", hint=hint)
            return np.flatnonzero(numbers).tolist()
        numbers = np.unique(numbers)
        for end in (numbers[0], numbers[-1]):
            if end < 0 or (obj.rows is not None and end >= obj.rows):
                there = f"from 0 to {obj.rows - 1:,}" if obj.rows else "from 0"
                raise UserError(f"There is no {what} {end}.", hint=f"Give {what} numbers {there}.")
        return numbers.tolist()


def nothing_to_select(kind: str) -> UserError:
    """What is said of a kind of panel that has nothing to select."""
    return UserError(
        f"In a panel of kind {kind} there is nothing to select.",
        hint="There are rows in that of `nbt.classify(texts)`, for instance.",
    )


def _array(value: Any, hint: str) -> Any:
    numbers = None
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
        # A set is no sequence to numpy.
        listed = value if hasattr(value, "__array__") else list(cast("Iterable[Any]", value))
        with suppress(ValueError):  # lists of several lengths
            numbers = np.asarray(listed)
    if numbers is None or numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iub"):
        raise UserError(f"The selection is {shown(value)}, {kind_of(value)}.", hint=hint)
    return numbers
