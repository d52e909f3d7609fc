"""The panel of a result that stands within the workbench, and has no output of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from nbtransformers.panels.view import PanelView


class ChildView(PanelView):
    """Shows progress and a result in a panel that another panel shows on its page.

    Args:
        what: what is done, for a person.
        kind: the kind of result.
        around: draws the snapshot of the panel around it.
    """

    has_stop = False  # the panel around it has one

    def __init__(self, what: str, kind: str, around: Callable[[], None] = lambda: None) -> None:
        super().__init__(what, kind)
        self._around = around

    def __enter__(self) -> Self:
        return self

    def draw(self) -> None:
        """The snapshot is that of the panel around it."""
        self._around()

    def draw_failure(self, message: str) -> None:
        """Nothing: as above."""
