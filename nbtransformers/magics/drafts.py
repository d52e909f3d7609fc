"""What is filled in on the workbenches of this session: a page that is loaded anew loses nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_drafts: dict[str | None, Mapping[str, Any]] = {}


def keep(cell: str | None, filled: Mapping[str, Any]) -> None:
    """Keep what is filled in on the workbench of a cell; None is any where the host does not tell which."""
    _drafts[cell] = filled


def kept(cell: str | None) -> Mapping[str, Any] | None:
    """What was filled in there last; None before anything was."""
    return _drafts.get(cell)


def forget() -> None:
    """Keep nothing any more."""
    _drafts.clear()
