"""What keeps the panel of training runs up to date: a thread that looks at their directories, and at nothing else."""

from __future__ import annotations

import contextvars
import math
import time
from typing import TYPE_CHECKING, Any

from nbtransformers.panels.following import Following
from nbtransformers.panels.runs.wire import rows_of, whole
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

LOOK_S = 1.0
SNAPSHOT_S = 10.0  # between two snapshots in the notebook


def follow(runs: Runs, panel: Panel) -> None:
    """Keep a panel up to date in which runs were shown, until it is closed."""
    panel.follower = Follower(runs, panel)
    panel.follower.start()


class Follower(Following):
    """Tells a panel what is new of its runs.

    Args:
        runs: the runs.
        panel: where their header stands; it is not kept alive.

    Attributes:
        runs: those that are there now.
    """

    def __init__(self, runs: Runs, panel: Panel) -> None:
        super().__init__("runs", panel)
        self.runs = runs
        header: dict[str, Any] = panel.header or {}
        self._rows, self._seq = header["runs"], header["seq"]
        self._drawn, self._drawn_at = self._seq, -math.inf
        self._cell = contextvars.copy_context()

    def whole(self) -> dict[str, Any]:
        """The header as it is now; the next message goes on from there."""
        with self._lock:
            self.tell()
            return whole(self.runs, self._rows, self._seq)

    def show(self, run: TrainingRun) -> str:
        """Show the panel of a run below the cell; its id."""
        from nbtransformers.panels.shown import panel
        from nbtransformers.panels.view import show_result

        self._cell.copy().run(show_result, run)
        return panel(run).panel_id

    def tell(self) -> None:
        """Tell the panel what is new since the last message."""
        panel = self._panel()
        if panel is None or panel.closed:
            return
        with self._lock:
            self.runs = self.runs.now()
            rows = rows_of(self.runs)
            changed = {name: row for name, row in rows.items() if row != self._rows.get(name)}
            if not changed and list(rows) == list(self._rows):
                return
            selected = {name for row, name in enumerate(self._rows) if row in panel.selection}
            self._rows, self._seq = rows, self._seq + 1
            panel.send({"type": "runs", "seq": self._seq, "order": list(rows), "runs": changed}, [])
            # The same runs, which have other numbers when one has come or gone.
            panel.rows, panel.result = len(rows), self.runs
            panel.selection = [row for row, name in enumerate(rows) if name in selected]

    # --- the thread ---

    def _context(self) -> contextvars.Context:
        return self._cell.copy()

    def _look(self) -> bool:
        self.tell()
        return True

    def _pause_s(self) -> float:
        return LOOK_S

    def _draw(self, panel: Panel, *, at_once: bool) -> None:
        now = time.monotonic()
        if self._drawn != self._seq and panel.view is not None and (at_once or now - self._drawn_at > SNAPSHOT_S):
            self._drawn, self._drawn_at = self._seq, now
            panel.view.draw()
