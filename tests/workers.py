"""Workers of training runs, which outlive the kernels that began them, and must not outlive a test."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

WORKER = "nbtransformers.training.worker"


def end_workers(folder: Path) -> None:
    """End the workers of all runs below a folder.

    They are known by their commands: until a worker is at work, the heartbeat of its run is that of whoever began it.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is somebody else's
            command = process.cmdline()
            if WORKER not in command:
                continue
            run = Path(process.cwd(), command[command.index(WORKER) + 1])
            if run.resolve().is_relative_to(folder.resolve()):
                process.kill()
                process.wait(10)
