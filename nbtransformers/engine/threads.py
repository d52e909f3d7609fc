"""CPU threads: several batches side by side, one thread each, rather than all threads on one batch.

Threads that share a product wait for each other at its end, and spin while they wait: on a machine
whose cores are busy elsewhere that makes two threads five to ten times slower than one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self

from nbtransformers.loading.registry import LoadedModel

_guard = threading.RLock()
_TRIES = 3  # steps with each number of threads
_CLEARLY_SLOWER = 2.5  # times; on a busy machine several threads are, and one step shows it


def cpu_threads() -> int:
    """How many CPU threads this process may use: torch's own number, but no more than the cores it may run on."""
    import torch

    return max(1, min(torch.get_num_threads(), cpu_cores()))


def cpu_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def torch_threads(number: int) -> Generator[None]:
    """Let torch work on one product with this many threads, then with as many as before.

    The number is torch's for the whole process, so only one caller may hold it at a time.
    """
    import torch

    with _guard:
        before = torch.get_num_threads()
        torch.set_num_threads(number)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def one_thread_if_free() -> Generator[None]:
    """Let torch work on one product with one thread, unless somebody else has the number: then it stays as it is.

    For what a panel asks: batches in the background keep the number for minutes, and no panel may wait for them.
    """
    if not _guard.acquire(blocking=False):
        yield
        return
    try:
        with torch_threads(1):
            yield
    finally:
        _guard.release()


def set_one_thread() -> None:
    """For the start of a pool's thread: OpenMP keeps a number for each thread of its own."""
    import torch

    torch.set_num_threads(1)


class StepThreads:
    """CPU threads for work that comes in many like steps: one, or all of them, whichever did the first steps faster.

    Only the thread of Python that enters it is meant: OpenMP keeps a number for each.

    Args:
        loaded: the model that does the steps; what was found out is kept in its notes.
        wanted: how many; None finds out.
        like: what tells steps that do well with other numbers of threads, as by their size.

    Example:
        >>> with threads:
        ...     for batch in batches:
        ...         forward(batch)
        ...         threads.step()
    """

    def __init__(self, loaded: LoadedModel, wanted: int | None, like: object = None) -> None:
        self._notes, self._key = loaded.notes, ("threads for a step", like, loaded.device, loaded.dtype)
        self._seconds: dict[int, list[float]] = {}
        most = cpu_threads() if loaded.device == "cpu" else 1
        known = wanted or (most if most == 1 else loaded.notes.get(self._key))
        if known is None:
            self._seconds = {1: [], most: []}
        self.number: int = known or 1
        self._before, self._since = 0, 0.0

    def __enter__(self) -> Self:
        import torch

        self._before, self._since = torch.get_num_threads(), 0.0
        torch.set_num_threads(self.number)
        return self

    def __exit__(self, *_: Any) -> None:
        import torch

        torch.set_num_threads(self._before)

    def step(self) -> None:
        """A step has ended. The first of a batch reads its prompts, and is not like the others."""
        now = time.perf_counter()
        if self._seconds and self._since:
            self._tried(now - self._since)
        self._since = now if self._seconds else 0.0

    def _tried(self, seconds: float) -> None:
        import torch

        self._seconds[self.number].append(seconds)
        best = {number: min(found, default=0.0) for number, found in self._seconds.items()}
        waiting = [number for number, found in self._seconds.items() if len(found) < _TRIES]
        clear = min(best.values()) > 0 and max(best.values()) > _CLEARLY_SLOWER * min(best.values())
        if waiting and not clear:
            # In turn, so that a slow second of the machine hits them all alike.
            self.number = min(waiting, key=lambda number: len(self._seconds[number]))
        else:
            self.number = min(best, key=lambda number: best[number])
            self._notes[self._key] = self.number
            self._seconds = {}
        torch.set_num_threads(self.number)
