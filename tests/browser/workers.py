"""Workers of training runs, which outlive the kernels that began them, and must not outlive a test."""

from __future__ import annotations

from pathlib import Path

import psutil

from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.folder import RunFolder


def end_worker(run: Path) -> None:
    """End the worker of a run, if there is one."""
    beat = heartbeat.read(RunFolder(run).heartbeat)
    if beat is not None and heartbeat.is_alive(beat):
        psutil.Process(beat.pid).kill()
