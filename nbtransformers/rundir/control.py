"""What a run is told while it goes on: lines that anybody may add, and that the worker reads between two steps."""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any, Literal, get_args

from nbtransformers.rundir.lines import Lines, object_of

Command = Literal["pause", "resume", "stop", "save", "lr"]
COMMANDS: tuple[Command, ...] = get_args(Command)


def tell(path: Path, command: Command, **values: Any) -> str:
    """Tell a run something; returns the id by which its events say that it was done.

    Args:
        path: the run's file of control.
        command: `pause` and `resume`; `stop` finishes the step, saves, and keeps the best model; `save` makes a
            checkpoint; `lr` with `factor` multiplies the learning rate from the next step on, with `value` it sets
            what the schedule is at by then.
        values: what goes with the command.
    """
    number = uuid.uuid4().hex[:12]
    message = {"id": number, "time": round(time.time(), 3), "command": command, **values}
    line = json.dumps(message, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)  # one call, so that lines of two notebooks are never mixed
    finally:
        os.close(descriptor)
    return number


class Controls:
    """The commands that a worker has not followed yet.

    Args:
        path: the run's file of control; it need not be there yet.
        offset: bytes that were there before the worker was started.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._lines = Lines(path, offset)

    def new(self) -> list[dict[str, Any]]:
        """The commands that came since the last call."""
        return [message for lines in self._lines.new() for line in lines if (message := _message_of(line)) is not None]


def _message_of(line: bytes) -> dict[str, Any] | None:
    message = object_of(line)
    return message if message is not None and message.get("command") in COMMANDS else None
