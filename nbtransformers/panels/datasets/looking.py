"""What goes on in a panel of datasets: the list that is in sight, and the dataset that was looked into last."""

from __future__ import annotations

import contextvars
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.panels.datasets.offers import offered
from nbtransformers.panels.datasets.wire import whole_cell
from nbtransformers.panels.listed import ListInSight
from nbtransformers.results.datasets import DatasetPreview, Datasets

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


class Looking:
    """The dataset that was looked into last; its cells can be asked for, whole.

    Args:
        preview: the first; None where there is none yet.
        on_look: told of another one.
    """

    def __init__(self, preview: DatasetPreview | None, on_look: Callable[[DatasetPreview], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._on_look = on_look
        self._seen, self._number, self._begun = preview, 0, 0

    @property
    def now(self) -> DatasetPreview:
        """What was looked into last.

        Raises:
            UserError: when nothing was.
        """
        with self._lock:
            if self._seen is None:
                raise UserError("Nothing was looked into yet.", hint="Choose a dataset of the list.")
            return self._seen

    def look(self, name: str, subset: str | None, split: str | None, rows: int) -> Callable[[], DatasetPreview]:
        """Look into a dataset; of several looks the one that was asked for last counts."""
        with self._lock:
            self._begun += 1
            number = self._begun

        def found() -> DatasetPreview:
            seen = offered().look(name, subset, split, rows)
            with self._lock:
                is_newest = number > self._number
                if is_newest:
                    self._seen, self._number = seen, number
            if is_newest and self._on_look is not None:
                self._on_look(seen)
            return seen

        return found

    def cell(self, name: str, subset: str | None, split: str, row: int, column: int) -> dict[str, Any]:
        """A cell of what was looked into last, whole.

        Raises:
            UserError: when it was another dataset, or has no such cell.
        """
        seen = self.now
        is_there = 0 <= row < len(seen.rows) and 0 <= column < len(seen.columns)
        if (name, subset, split) != (seen.name, seen.subset, seen.split) or not is_there:
            raise UserError("Something else was looked into meanwhile.", hint="Look at it again.")
        return whole_cell(seen.cell(row, column, indent=2))


class Finding:
    """What goes on in the panel of a list.

    Attributes:
        listed: the list in sight.
        looking: the dataset of it that was looked into.
    """

    def __init__(self, datasets: Datasets, panel: Panel) -> None:
        self.listed, self.looking = ListInSight(datasets, panel), Looking(None)


def follow(datasets: Datasets, panel: Panel) -> None:
    """Keep what goes on in a panel in which datasets were listed, until it is closed."""
    panel.follower = Finding(datasets, panel)


def follow_one(preview: DatasetPreview, panel: Panel) -> None:
    """Keep what was looked into last in the panel of one dataset; that is its result from then on."""
    reference, cell = weakref.ref(panel), contextvars.copy_context()

    def shown(seen: DatasetPreview) -> None:
        panel = reference()
        if panel is None or panel.closed or panel.view is None:
            return
        before: DatasetPreview = panel.result
        is_same = (before.name, before.subset, before.split) == (seen.name, seen.subset, seen.split)
        panel.result, panel.rows = seen, len(seen.rows)
        panel.selection = [row for row in panel.selection if is_same and row < len(seen.rows)]
        cell.copy().run(panel.view.draw)

    panel.follower = Looking(preview, shown)
