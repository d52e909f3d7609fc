"""What the header of every table of rows says, beside what its kind adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from nbtransformers.panels.packing import sendable


class HasNotes(Protocol):
    """A result of rows with what a careful reader should know of it."""

    @property
    def notes(self) -> Sequence[str]: ...

    def __len__(self) -> int: ...


def whole(
    header: dict[str, Any],
    result: HasNotes,
    *,
    subtitle: str,
    inline: bool,
    facts: Iterable[tuple[str, str]],
    **own: Any,
) -> dict[str, Any]:
    """The header of a result.

    Args:
        header: what its kind says of it, finished or not.
        result: it.
        subtitle: how much it is, and how long it took.
        inline: whether all of it travels with the header.
        facts: what its details tell, each with its name.
        own: what its kind adds.
    """
    return {
        **header,
        "subtitle": subtitle,
        "rows": len(result),
        "inline": inline,
        **own,
        "facts": [[name, sendable(value)] for name, value in facts],
        "notes": list(map(sendable, result.notes)),
    }


def partial(
    header: dict[str, Any], result: HasNotes, rows: int | None, subtitle: str = "", **own: Any
) -> dict[str, Any]:
    """The header of a result as it stands; `rows` are those to come, None when nobody knows.

    It has no subtitle as a rule, since the panel has its progress.
    """
    return {
        **header,
        "partial": True,
        "subtitle": subtitle,
        "rows": max(rows or 0, len(result)),
        "inline": False,
        **own,
        "facts": [],
        "notes": [],
    }
