"""Whether the worker of a run lives: its process, told apart from another that got its number later."""

from __future__ import annotations

import socket
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nbtransformers.rundir.atomic import read_json, write_json

BEAT_S = 1.0
"""Seconds between two signs of life."""
SILENT_S = 60.0
"""After so many seconds without one, a worker on another machine counts as dead."""
_FRESH_S = 10.0  # a number of a process is hardly given again so soon


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life of a worker.

    Attributes:
        pid: its process.
        started: when that process began, in seconds since 1970: a number is given again, a beginning is not.
        host: its machine.
        time: when it last gave a sign, in seconds since 1970.
        memory: bytes of memory that it has; None before it has told.
        gpu_memory: bytes that it has on the GPU; None where there is none.
    """

    pid: int
    started: float
    host: str
    time: float
    memory: int | None = None
    gpu_memory: int | None = None

    def write(self, path: Path) -> None:
        """Give a sign of life; one that a power cut takes away is not missed."""
        write_json(path, asdict(self), lasting=False)


def of_process(pid: int) -> Heartbeat:
    """The first sign of life of a process of this machine.

    Raises:
        psutil.NoSuchProcess: when it has ended.
    """
    import psutil

    return Heartbeat(pid, psutil.Process(pid).create_time(), socket.gethostname(), time.time())


def read(path: Path) -> Heartbeat | None:
    """The last sign of life; None before there was one."""
    found = read_json(path)
    if found is None:
        return None
    known = {field.name for field in fields(Heartbeat)}
    return Heartbeat(**{name: value for name, value in found.items() if name in known})


def is_alive(beat: Heartbeat | None) -> bool:
    """Whether the worker that gave a sign of life still runs."""
    if beat is None:
        return False
    if beat.host != socket.gethostname():
        return time.time() - beat.time < SILENT_S
    import psutil

    try:
        process = psutil.Process(beat.pid)
        is_same = abs(process.create_time() - beat.started) < 1
        # The beginning of a process is reckoned by the clock, and moves where that is set.
        is_fresh = abs(time.time() - beat.time) <= _FRESH_S
        return (is_same or is_fresh) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
