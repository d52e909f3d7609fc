"""What the worker tells of a run: its events, in plain numbers, and where it is."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from nbtransformers.rundir.events import EventWriter
from nbtransformers.rundir.state import State
from nbtransformers.training.packages import versions_of
from nbtransformers.training.worklog import log_event

Stage = Literal["loading", "tokenizing", "encoding", "finding", "training", "evaluating", "saving"]

_PACKAGES = ("nbtransformers", "torch", "transformers", "accelerate", "datasets", "peft")
_EVERY_S = 1.0  # how often the same stage tells how far it is


class Journal:
    """Tells what happens in one attempt at a run.

    Args:
        path: the file of events.
        attempt: which attempt it is, from 1 on.
        resumed_from: the step of the checkpoint that it goes on from; None begins anew.
        worker: the process that owns the run; None is this one.
        begins: whether the attempt is told of; else it has begun already.
    """

    def __init__(
        self,
        path: Path,
        attempt: int,
        resumed_from: int | None = None,
        *,
        worker: int | None = None,
        begins: bool = True,
    ) -> None:
        self._events = EventWriter(path, attempt)
        self._stage: str | None = None
        self._told_at = 0.0
        if begins:
            self.write("attempt", pid=worker or os.getpid(), resumed_from=resumed_from, versions=versions())

    def write(self, type: str, **values: Any) -> None:  # noqa: A002  (the name that is in the file)
        """Add an event, and say it in the log; a number that is not finite becomes null."""
        self._events.write(type, **{name: plain(value) for name, value in values.items()})
        log_event(type, values)

    def stage(self, stage: Stage, done: int | None = None, total: int | None = None) -> None:
        """Say what is being done, and how far it is; the latter at most once a second."""
        now = time.monotonic()
        if stage == self._stage and (total is None or now - self._told_at < _EVERY_S):
            return
        self._stage, self._told_at = stage, now
        counted = {} if total is None else {"done": done or 0, "total": total}
        self.write("stage", stage=stage, **counted)

    def state(self, state: State, message: str | None = None, hint: str | None = None) -> None:
        """Say what state the run is in now."""
        said = {name: text for name, text in (("message", message), ("hint", hint)) if text}
        self.write("state", state=state, **said)

    def flush(self) -> None:
        """Wait until the disk has all that was told."""
        self._events.flush()

    def close(self) -> None:
        """Tell no more."""
        self._events.close()


class Silent(Journal):
    """Tells nothing: of a process whose leader does."""

    def __init__(self) -> None:
        pass

    def write(self, type: str, **values: Any) -> None:  # noqa: A002
        """Nothing."""

    def stage(self, stage: Stage, done: int | None = None, total: int | None = None) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers of numpy and torch as Python's, and null for what is not finite."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def versions() -> dict[str, str]:
    """The versions of Python and of what training stands on."""
    return {"python": platform.python_version(), **versions_of(_PACKAGES)}
