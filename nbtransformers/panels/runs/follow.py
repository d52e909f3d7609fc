"""What keeps the panel of training runs up to date: a thread that looks at their directories, and at nothing else."""

from __future__ import annotations

import contextvars
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

from nbtransformers.panels.runs.wire import rows_of, whole
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

LOOK_S = 1.0
SNAPSHOT_LOOKS = 10  # between two snapshots in the notebook

_log = logging.getLogger(__name__)


def follow(runs: Runs, panel: Panel) -> None:
    """Keep a panel up to date in which runs were shown, until it is closed."""
    panel.follower = Follower(runs, panel)
    panel.follower.start()


class Follower:
    """Tells a panel what is new of its runs.

    Args:
        runs: the runs.
        panel: where their header stands; it is not kept alive.

    Attributes:
        runs: those that are there now.
    """

    def __init__(self, runs: Runs, panel: Panel) -> None:
        self.runs = runs
        header: dict[str, Any] = panel.header or {}
        self._panel = weakref.ref(panel)
        self._rows, self._seq = header["runs"], header["seq"]
        self._drawn = self._seq
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        # What ipykernel shows, it shows in the cell that the context is of.
        self._cell = contextvars.copy_context()

    def start(self) -> None:
        """Begin to follow, where that has ended."""
        with self._lock:
            if self._thread is None:
                work = self._cell.copy().run
                self._thread = threading.Thread(
                    target=work, args=(self._work,), name="nbtransformers: runs", daemon=True
                )
                self._thread.start()

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
            self._rows, self._seq = rows, self._seq + 1
            panel.send({"type": "runs", "seq": self._seq, "order": list(rows), "runs": changed}, [])

    def _work(self) -> None:
        looks = 0
        while (panel := self._panel()) is not None and not panel.closed:
            try:
                self.tell()
                if looks % SNAPSHOT_LOOKS == 0:
                    self._draw(panel)
            except OSError:  # a disk that is away for a moment
                pass
            except Exception:
                _log.exception("The panel of runs is not kept up to date any more")
                break
            looks += 1
            del panel  # while it waits, nobody need keep it
            threading.Event().wait(LOOK_S)
        with self._lock:
            self._thread = None

    def _draw(self, panel: Panel) -> None:
        """Draw the snapshot anew that a saved notebook shows, where it is not of now."""
        if self._drawn != self._seq and panel.view is not None:
            self._drawn, panel.result = self._seq, self.runs
            panel.view.draw()
