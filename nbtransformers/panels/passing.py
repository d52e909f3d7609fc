"""What the views of a plain call have in common: they come when the work takes long, and leave nothing behind."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from nbtransformers.panels.kinds import Result

_PATIENCE = 0.5  # seconds of work that are no reason to show anything


class Passing:
    """A view without a result.

    Args:
        what: what is done, for a person.
    """

    partial = None

    def __init__(self, what: str) -> None:
        self._what = what
        self._since = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether the work takes so long that something is to be seen."""
        return time.monotonic() - self._since > _PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take away what is seen."""

    def show(self, result: Result) -> None:
        """Nothing: the cell shows the value of its last expression itself."""
