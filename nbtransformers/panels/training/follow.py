"""What keeps the panel of a run up to date: a thread that looks at its directory, and at nothing else.

It only reads, and where nothing has been written it looks at the size of one file; the cores are the worker's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.panels.following import Following
from nbtransformers.panels.training.wire import (
    Header,
    eval_of,
    last_of,
    look,
    state_of,
    told_in,
    told_of,
    whole,
)
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.events import Event
from nbtransformers.rundir.state import ENDED, State

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

TICK_S = 0.1  # between two messages
CALM_S = 0.3  # between two looks, after a while in which nothing came
_CALM_AFTER_S = 3.0
LOOK_S = 1.0  # between two looks at what is beside the events: the worker's life, its memory
BEAT_S = 2.0  # between two messages that tell only how the time goes on
SNAPSHOT_S = 10.0  # between two snapshots in the notebook
MOST_NEW = 20_000  # points in a message; where more came at once, the page asks for the whole

_MARKS = ("attempt", "state", "checkpoint", "control")  # after which what is beside the events is looked at anew


def follow(run: TrainingRun, panel: Panel) -> None:
    """Keep a panel up to date in which a run was shown, until the panel is closed or the run has ended."""
    panel.follower = Follower(run, panel)
    panel.follower.start()


class Follower(Following):
    """Tells a panel what is new in its run.

    Args:
        run: the run.
        panel: where its header stands; it is not kept alive.
    """

    def __init__(self, run: TrainingRun, panel: Panel) -> None:
        super().__init__(run.name, panel)
        header: Header = panel.header or {}
        self._run = run
        self._looked, self._looked_at, self._marks = look(run), 0.0, (0, 0, 0, 0)
        self._sent_at = self._came_at = self._drawn_at = time.monotonic()
        self._seen = -1
        # What was told so far.
        self._seq: int = header["seq"]
        self._drawn = self._seq
        self._rewritten: int = header["rewritten"]
        self._points: dict[str, int] = {one["name"]: one["points"] for one in header["series"]}
        self._evals: int = header["evals_total"]
        self._told = told_in(header)

    def start(self) -> None:
        """Begin to follow, or begin again where the run had ended."""
        with self._lock:
            self._looked_at = 0.0
            super().start()

    def whole(self) -> tuple[Header, bytes]:
        """The run as it was told up to now, once what is new was told; the next message goes on from there."""
        with self._lock:
            self.tell()
            return whole(self._run, self._told, self._points, self._evals, self._rewritten, self._seq)

    def tell(self) -> State:
        """Tell the panel what is new since the last message; the state of the run now."""
        now, run, history = time.monotonic(), self._run, self._run.history
        with self._lock:
            due = now - self._looked_at >= LOOK_S
            if due:
                self._looked, self._looked_at = look(run), now
            history.read()
            came = history.seen != self._seen
            if not due and not came:
                return state_of(run, self._looked)
            while (marks := tuple(len(history.of(kind)) for kind in _MARKS)) != self._marks:
                self._marks = marks
                self._looked, self._looked_at = look(run), now
                history.read()  # after each look: a worker that ends meanwhile tells so before
            self._seen = history.seen
            if came:
                self._came_at = now
            told = told_of(run, self._looked)
            self._send(told, now, quiet=not came)
            return told["state"]

    # --- the thread ---

    def _look(self) -> bool:
        return self.tell() not in ENDED

    def _pause_s(self) -> float:
        calm = time.monotonic() - self._came_at > _CALM_AFTER_S
        return CALM_S if calm else TICK_S

    def _draw(self, panel: Panel, *, at_once: bool) -> None:
        now = time.monotonic()
        if self._drawn != self._seq and (at_once or now - self._drawn_at > SNAPSHOT_S):
            self._drawn, self._drawn_at = self._seq, now
            if panel.view is not None:
                panel.view.draw()

    def _send(self, told: Header, now: float, *, quiet: bool) -> None:
        changed = {name: value for name, value in told.items() if value != self._told[name]}
        if quiet and changed.keys() <= {"progress"} and now - self._sent_at < BEAT_S:
            return
        history = self._run.history
        points = dict.fromkeys(history.series, len(history.steps))
        evals = list(history.of("eval"))  # as they are now: others read on meanwhile
        more = max((count - self._points.get(name, 0) for name, count in points.items()), default=0)
        if history.rewritten != self._rewritten or more > MOST_NEW:
            message, buffers = {"restart": True}, []
        else:
            message, buffers = self._news(changed, points, evals)
            if not any(message.values()):
                return
        self._rewritten, self._points, self._evals = history.rewritten, points, len(evals)
        self._told, self._sent_at = told, now
        self._seq += 1
        panel = self._panel()
        if panel is not None:
            panel.send({"type": "run", "seq": self._seq, **message}, buffers)

    def _news(self, changed: Header, points: dict[str, int], evals: list[Event]) -> tuple[dict[str, Any], list[bytes]]:
        steps = self._run.history.steps
        series: list[dict[str, Any]] = []
        buffers: list[bytes] = []
        for name, count in points.items():
            begin = self._points.get(name, 0)
            if count > begin:
                values = steps[name][begin:count]
                series.append({"name": name, "from": begin, "points_total": count, "last": last_of(values)})
                buffers += [steps["step"][begin:count].tobytes(), values.astype(np.float32).tobytes()]
        new = list(map(eval_of, evals[self._evals :]))
        message: dict[str, Any] = {"header": changed, "series": series}
        if new:
            message["evals"] = {"from": self._evals, "total": len(evals), "new": new}
        return message, buffers
