"""Python values to rows: what counts as a row, and why a row may hold no text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, cast

from nbtransformers.errors import UserError, kind_of, shown

MISSING = "missing"
EMPTY = "empty"
NOT_UNICODE = "not valid Unicode (a lone surrogate)"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MISSING_TYPES = {"NAType", "NaTType"}  # pandas' own, named so that pandas need not be imported


def reason_for_no_text(value: object) -> str | None:
    """Why a value cannot be read as a text, or None when it can.

    Example:
        >>> reason_for_no_text(float("nan")), reason_for_no_text(" "), reason_for_no_text(3)
        ('missing', 'empty', 'not text (int)')
    """
    if isinstance(value, str):
        if not value.strip():
            return EMPTY
        return NOT_UNICODE if _LONE_SURROGATE.search(value) else None
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return MISSING
    if isinstance(value, Real) and value != value:
        return MISSING
    return f"not text ({type(value).__name__})"


def sequence_of(value: Any, name: str) -> tuple[Sequence[Any], Any]:
    """The rows of a value and their index; a single text is one row.

    Takes a text, a mapping (its keys are the index), a pandas, polars or pyarrow column, a
    one-dimensional array, or anything that can be iterated once.

    Raises:
        UserError: when the value cannot be a list of texts.
    """
    if isinstance(value, str):
        return [value], None
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value), None
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return list(mapping.values()), list(mapping.keys())
    _refuse(value, name)
    for method in ("tolist", "to_list", "to_pylist"):  # pandas and numpy; polars; pyarrow
        if hasattr(value, method):
            return getattr(value, method)(), value.index if _has_index(value) else None
    try:
        return list(cast("Iterable[Any]", value)), None
    except Exception as error:
        raise UserError(
            f"Reading {name} fails: {type(error).__name__}: {error}.", hint="Try `list(…)` of it in a cell."
        ) from error


def _has_index(value: Any) -> bool:
    # A pandas Series has an Index here; a list has a method of that name.
    return hasattr(value, "index") and not callable(value.index)


def _refuse(value: Any, name: str) -> None:
    if isinstance(value, bytes | bytearray):
        raise UserError(f"{name} is bytes, not text.", hint=f'Type `{name}.decode("utf-8")`.')
    if getattr(value, "ndim", 1) != 1:
        raise UserError(f"{name} has {value.ndim} dimensions, not one.", hint="Give one column or row of it.")
    if not isinstance(value, Iterable):
        raise UserError(
            f"{name} is {kind_of(value)} ({shown(value, 30)}), not texts.",
            hint="Give a text, a list of texts, a Series, or a DataFrame with `--column NAME`.",
        )
