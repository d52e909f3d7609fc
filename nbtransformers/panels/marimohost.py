"""Results and progress in a marimo notebook, which has cells and panels, and no IPython.

By marimo's public protocol: the value of a cell is asked for its `_display_`, and `mo.status` shows progress.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from nbtransformers.panels.kinds import RESULTS
from nbtransformers.panels.passing import Passing
from nbtransformers.panels.shown import panel
from nbtransformers.progress import Progress

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def show_as_values() -> None:
    """Show results that are the value of a cell as their panel, from now on. To call it again changes nothing."""
    for kind in RESULTS:
        kind._display_ = panel  # pyright: ignore[reportAttributeAccessIssue]


def append(shown: Panel) -> None:
    """Show a panel below what the cell that runs now shows already."""
    import marimo

    marimo.output.append(shown)


class PassingMarimoView(Passing):
    """A bar, or a wheel where the end is not known, that comes when the work takes long, and goes when it ends."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._total: int | None = None
        self._done = 0
        self._around: Any = None
        self._bar: Any = None

    def end(self) -> None:
        if self._around is not None:
            self._around.__exit__(None, None, None)
            self._around = None

    def progress(self, progress: Progress) -> None:
        if not self.is_due:
            return
        if self._around is None or progress.total != self._total or progress.done < self._done:
            self._begin(progress.total)
        rate = f"{progress.tokens_per_s:,.0f} tokens/s" if progress.tokens_per_s else ""
        more = {"increment": progress.done - self._done} if self._total else {}
        self._bar.update(title=escape(progress.message), subtitle=rate, **more)
        self._done = progress.done

    def _begin(self, total: int | None) -> None:
        from marimo import status

        self.end()
        self._total, self._done = total, 0
        title = escape(self._what)  # which marimo takes for HTML
        self._around = (
            status.progress_bar(total=total, title=title, show_rate=False, remove_on_exit=True)
            if total
            else status.spinner(title=title, remove_on_exit=True)
        )
        self._bar = self._around.__enter__()
