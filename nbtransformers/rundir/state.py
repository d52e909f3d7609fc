"""What state a run is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.events import Event, read_events
from nbtransformers.rundir.folder import RunFolder

State = Literal["starting", "running", "paused", "stopped", "done", "failed", "dead"]
STATES: tuple[State, ...] = get_args(State)
ENDED: tuple[State, ...] = ("stopped", "done", "failed", "dead")
"""States in which no worker is at work."""


def told_state(events: Iterable[Event]) -> State:
    """The state that the worker told last; it may have died since."""
    state: State = "starting"
    for event in events:
        if event["type"] == "attempt":
            state = "starting"
        elif event["type"] == "state":
            state = event["state"]
    return state


def state_of(folder: RunFolder, events: Iterable[Event] | None = None) -> State:
    """The state of a run; one whose worker is gone before it has ended is `dead`, never `running`.

    Args:
        folder: the run.
        events: its events, where they were read already.
    """
    beat = heartbeat.read(folder.heartbeat)
    alive = heartbeat.is_alive(beat)  # before the events are read: what a worker that ends tells last is told by then
    happened = read_events(folder.events) if events is None else list(events)
    if alive and beat is not None and _workers(happened)[-1:] not in ([], [beat.pid]):
        return "starting"  # a new worker, which has told nothing yet
    told = told_state(happened)
    return told if alive or told in ENDED else "dead"


def _workers(events: Iterable[Event]) -> list[int]:
    return [event["pid"] for event in events if event["type"] == "attempt"]
