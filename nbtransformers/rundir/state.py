"""What state a run is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.events import STEP, Event, event_of
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.lines import from_the_end

State = Literal["starting", "running", "paused", "stopped", "done", "failed", "dead"]
STATES: tuple[State, ...] = get_args(State)
ENDED: tuple[State, ...] = ("stopped", "done", "failed", "dead")
"""States in which no worker is at work."""

_ENDING_S = 5.0  # at most, from the last that a worker tells to the end of its process


@dataclass(slots=True)
class Told:
    """What the workers of a run have told of its state so far; it may be untrue since.

    Attributes:
        state: what was told last.
        pid: the process of the worker that told it; None before any has.
        message: why it failed, in one line.
        hint: the way out.
    """

    state: State = "starting"
    pid: int | None = None
    message: str | None = None
    hint: str | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Take in what came since, in the order of the file."""
        for event in events:
            if event["type"] == "attempt":
                self.state, self.pid, self.message, self.hint = "starting", event["pid"], None, None
            elif event["type"] == "state":
                self.state = event["state"]
                self.message, self.hint = event.get("message"), event.get("hint")

    def now(self, living: int | None) -> State:
        """The state of the run, by which process owns it now; asked for before the events were read.

        Else a worker that ends meanwhile would seem to have died before it told that it has ended.
        """
        if living is None:
            return self.state if self.state in ENDED else "dead"
        if self.pid not in (None, living):
            return "starting"  # a new worker, which has told nothing yet
        return self.state


def living_worker(folder: RunFolder) -> int | None:
    """The process that owns a run now; None where there is none."""
    beat = heartbeat.read(folder.heartbeat)
    return beat.pid if beat is not None and heartbeat.is_alive(beat) else None


def is_owned(folder: RunFolder) -> bool:
    """Whether a worker holds the lock of a run, whatever it told; one just ending is waited for."""
    from filelock import FileLock, Timeout

    if not folder.lock.exists():  # no worker was ever at work in it
        return False
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=_ENDING_S)
    except Timeout:
        return True
    lock.release()
    return False


def state_of(folder: RunFolder) -> State:
    """The state of a run; one whose worker is gone before it has ended is `dead`, never `running`."""
    living, told = living_worker(folder), Told()
    told.add(_deciding(folder.events, living))
    return told.now(living)


def _deciding(path: Path, living: int | None) -> list[Event]:
    """The events that say what state a run is in, found from the end: what was told last, and by which worker."""
    found: list[Event] = []
    lines = (line for some in from_the_end(path) for line in some if not line.startswith(STEP))
    for event in filter(None, map(event_of, lines)):
        if event["type"] == "attempt":
            return [event, *found]
        if event["type"] == "state" and not found:
            found = [event]
            if living is None:  # of no worker that lives, whichever it was
                break
    return found
