"""What happens in a run: JSON lines that are only ever added to, and how they are read.

A worker that was killed may have left a torn last line, and the next attempt does some steps again: `EventReader`
skips the one, and `fold` leaves out the other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtransformers.rundir.atomic import flush

Event = dict[str, Any]
"""An event. All have `type`, `time` (seconds since 1970) and `attempt` (1 for the first worker of the run)."""

STEPPED = ("step", "eval", "checkpoint", "best")
"""The types of events that belong to a step, and that an attempt which resumes before it does again."""


class EventWriter:
    """Adds events to a run; only its worker does.

    Args:
        path: the file of events.
        attempt: which worker of the run this is; None is one more than the last.
    """

    def __init__(self, path: Path, attempt: int | None = None) -> None:
        if attempt is None:
            attempt = 1 + max((event.get("attempt", 0) for event in read_events(path)), default=0)
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


@dataclass(slots=True)
class EventReader:
    """Reads the events of a run as they come.

    Attributes:
        path: the file of events; it need not be there yet.
        offset: bytes that were read.
    """

    path: Path
    offset: int = 0

    def new(self) -> list[Event]:
        """The events that came since the last call; a line that is not whole yet waits."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                read = file.read()
        except FileNotFoundError:
            return []
        whole = read[: read.rfind(b"\n") + 1]
        self.offset += len(whole)
        return [event for line in whole.splitlines() if (event := _event(line)) is not None]


def read_events(path: Path) -> list[Event]:
    """All events of a run, those too that a later attempt did again."""
    return EventReader(path).new()


@dataclass(slots=True)
class Folded:
    """The events of a run as if it had never been interrupted.

    Attributes:
        events: what is left of them, in order.
    """

    events: list[Event] = field(default_factory=list[Event])

    def add(self, new: Iterable[Event]) -> bool:
        """Add events in the order of the file; whether some that were there before are gone now."""
        lost = False
        for event in new:
            if event["type"] == "attempt":
                lost |= self._back_to(event.get("resumed_from") or 0)
            self.events.append(event)
        return lost

    def _back_to(self, step: int) -> bool:
        kept = [event for event in self.events if event["type"] not in STEPPED or event["step"] <= step]
        lost = len(kept) < len(self.events)
        self.events[:] = kept
        return lost


def fold(events: Iterable[Event]) -> list[Event]:
    """The events of a run as if it had never been interrupted: steps that were done again count once.

    Example:
        >>> [e["step"] for e in fold([{"type": "step", "step": 1}, {"type": "attempt", "resumed_from": None},
        ...                           {"type": "step", "step": 1}]) if e["type"] == "step"]
        [1]
    """
    folded = Folded()
    folded.add(events)
    return folded.events


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:  # torn when its worker was killed
        return None
    return event if isinstance(event, dict) and "type" in event else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
