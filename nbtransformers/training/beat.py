"""The worker's sign of life, once a second, from a thread of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

from nbtransformers.rundir.heartbeat import BEAT_S, of_process


class Beat:
    """Gives signs of life while it is entered.

    Args:
        path: the run's file of them.
        children: whether the memory of the processes that it has started counts, too.
    """

    def __init__(self, path: Path, *, children: bool = False) -> None:
        self._path = path
        self._children = children
        self._beat = of_process(os.getpid())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._give()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            self._give()

    def _give(self) -> None:
        memory = _memory(children=self._children)
        with contextlib.suppress(OSError):  # a disk that is full is told of where it matters
            replace(self._beat, time=time.time(), memory=memory, gpu_memory=_gpu_memory()).write(self._path)


def _memory(*, children: bool) -> int:
    import psutil

    worker = psutil.Process()
    memory = worker.memory_info().rss
    for child in worker.children(recursive=True) if children else ():
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            memory += child.memory_info().rss
    return memory


def _gpu_memory() -> int | None:
    torch = sys.modules.get("torch")  # not imported for this
    if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
        return None
    return torch.cuda.memory_reserved()
