"""A look into a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbtransformers.request.refs import DataRef
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class PreviewRequest(Written):
    """Which dataset is looked into.

    Attributes:
        data: one of the Hub, perhaps with a subset and a split.
        rows: how many of its rows.
    """

    task: ClassVar[str] = "models preview"

    data: DataRef
    rows: int
