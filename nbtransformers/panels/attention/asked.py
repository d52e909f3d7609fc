"""What a panel asks for, checked: a number of a layer, some heads, a stretch of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from nbtransformers.errors import UserError, shown

_HINT = "Run the cell again."


def number(params: dict[str, Any], name: str, total: int) -> int:
    """The number of one of so many.

    Raises:
        UserError: when it is none.
    """
    return _one(params.get(name), total, name)


def heads_of(given: Any, total: int, name: str = "head") -> list[int]:
    """The numbers of some heads, or of other things: of one, of several, or of `mean`, which is all.

    Raises:
        UserError: when one of them is none.
    """
    if given == "mean":
        return list(range(total))
    several = cast("list[Any]", given) if isinstance(given, list) else [given]
    if not several:
        raise UserError(f"No {name} was asked for.", hint=_HINT)
    return [_one(one, total, name) for one in several]


def stretch(given: Any, length: int, name: str, most: int = 1) -> tuple[int, int, int]:
    """A stretch of so many tokens, [start, stop] or [start, stop, cells], as far as there are any.

    Raises:
        UserError: when it is none, or empty.
    """
    values = cast("Sequence[Any]", given) if isinstance(given, list | tuple) else ()
    if len(values) not in (2, 3) or not all(isinstance(value, int | float) for value in values):
        raise UserError(f"The {name} {shown(given)} are no stretch of tokens.", hint=_HINT)
    start, stop, cells = (int(value) for value in (*values, most)[:3])
    start, stop = max(0, start), min(length, stop)
    if start >= stop:
        raise UserError(f"The {name} {shown(given)} hold no token.", hint=_HINT)
    return start, stop, max(1, min(most, cells))


def _one(given: Any, total: int, name: str) -> int:
    if isinstance(given, int | float) and given == int(given) and 0 <= given < total:
        return int(given)
    raise UserError(f"There is no {name} {shown(given)}.", hint=_HINT)
