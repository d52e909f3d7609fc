"""What happens in a run: JSON lines that are only ever added to, and how they are read.

A worker that was killed may have left a torn last line, and the next attempt does some steps again: `read_events`
skips the one, and `fold` leaves out the other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbtransformers.rundir.atomic import flush
from nbtransformers.rundir.lines import Lines, object_of

Event = dict[str, Any]
"""An event. All have `type`, `time` (seconds since 1970) and `attempt` (1 for the first worker of the run)."""

STEPPED = ("step", "eval", "checkpoint", "best")
"""The types of events that belong to a step, and that an attempt which resumes before it does again."""

STEP = b'{"type": "step", '
"""How the line of a step begins: most lines of a run are, and who looks for others need not read them."""


class EventWriter:
    """Adds events to a run; only its worker does.

    Args:
        path: the file of events.
        attempt: which worker of the run this is, from 1 on.
    """

    def __init__(self, path: Path, attempt: int) -> None:
        self.attempt = attempt
        self._file = path.open("ab")
        if self._file.tell() and not _ends_with_newline(path):
            self._file.write(b"\n")  # ends the torn line of an attempt that was killed

    def write(self, type: str, **values: Any) -> None:  # noqa: A002  (the name that is in the file)
        """Add one event; whoever reads sees it at once."""
        event = {"type": type, "time": round(time.time(), 3), "attempt": self.attempt, **values}
        line = json.dumps(event, ensure_ascii=False, allow_nan=False)
        # A lone surrogate, in the name of a label, is no UTF-8, and its backslash escape is also JSON's.
        self._file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()

    def flush(self) -> None:
        """Wait until the disk has all that was written: before a checkpoint counts, so must what led to it."""
        flush(self._file.fileno())

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def event_of(line: bytes) -> Event | None:
    """The event of a line; None where it is none, or one of a step that does not say which."""
    event = object_of(line)
    if event is None or "type" not in event:
        return None
    return event if event["type"] not in STEPPED or isinstance(event.get("step"), int) else None


def read_events(path: Path) -> list[Event]:
    """All events of a run, those too that a later attempt did again."""
    return [event for lines in Lines(path).new() for line in lines if (event := event_of(line)) is not None]


def resumed_from(attempt: Event) -> int:
    """The step after which an attempt goes on: what was told of later ones before it, it does again."""
    return attempt.get("resumed_from") or 0


def up_to(step: int, events: Iterable[Event]) -> list[Event]:
    """What stays of some events where the run goes on after a step."""
    return [event for event in events if event["type"] not in STEPPED or event["step"] <= step]


def fold(events: Iterable[Event]) -> list[Event]:
    """The events of a run as if it had never been interrupted: steps that were done again count once.

    Example:
        >>> [e["step"] for e in fold([{"type": "step", "step": 1}, {"type": "attempt", "resumed_from": None},
        ...                           {"type": "step", "step": 1}]) if e["type"] == "step"]
        [1]
    """
    folded: list[Event] = []
    for event in events:
        if event["type"] == "attempt":
            folded = up_to(resumed_from(event), folded)
        folded.append(event)
    return folded


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
