"""CPU threads: several batches side by side, one thread each, rather than all threads on one batch.

Threads that share a product wait for each other at its end, and spin while they wait: on a machine
whose cores are busy elsewhere that makes two threads five to ten times slower than one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

_guard = threading.RLock()


def cpu_threads() -> int:
    """How many CPU threads this process may use: torch's own number, but no more than the cores it may run on."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(torch.get_num_threads(), cores))


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


def set_one_thread() -> None:
    """For the start of a pool's thread: OpenMP keeps a number for each thread of its own."""
    import torch

    torch.set_num_threads(1)
