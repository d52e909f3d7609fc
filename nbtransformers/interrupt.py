"""An interrupt as a request to stop at the next good moment, rather than an exception at any."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

Stop = Callable[[], bool]
"""Whether the user has asked to stop."""


@contextmanager
def deferred_interrupts() -> Generator[Stop]:
    """Meanwhile the first interrupt (Ctrl-C, a notebook's stop button) only sets a flag, and a second one raises.

    Python would else raise `KeyboardInterrupt` between any two lines, also between the end of a batch and the line
    that keeps its scores. Signals come to the main thread alone: in any other the flag stays down.

    Example:
        >>> with deferred_interrupts() as stop:
        ...     for batch in batches:
        ...         if stop():
        ...             break
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield asked.is_set
    finally:
        # None: a handler that C code installed, which Python cannot put back.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
