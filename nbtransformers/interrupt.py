"""An interrupt as a request to stop at the next good moment, rather than an exception at any."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

Stop = Callable[[], bool]
"""Whether the user has asked to stop."""

_asked_elsewhere: ContextVar[Stop] = ContextVar("asked_elsewhere", default=lambda: False)


@contextmanager
def stopped_by(stop: Stop) -> Generator[None]:
    """Meanwhile, work that heeds interrupts also ends when `stop` says so: in a thread of its own it hears no signal.

    Example:
        >>> with stopped_by(button.is_set):
        ...     result = run(request)
    """
    token = _asked_elsewhere.set(stop)
    try:
        yield
    finally:
        _asked_elsewhere.reset(token)


_may_wait: ContextVar[bool] = ContextVar("may_wait", default=True)


@contextmanager
def waiting_for_nobody() -> Generator[None]:
    """Meanwhile, work that would wait for a model in use is refused.

    For what a panel asks: while the kernel waits it hears no button, not even the one that ends what it waits for.

    Example:
        >>> with waiting_for_nobody():
        ...     weights = attention[3, 7]
    """
    token = _may_wait.set(False)
    try:
        yield
    finally:
        _may_wait.reset(token)


def may_wait() -> bool:
    """Whether work may wait for a model in use."""
    return _may_wait.get()


def let_wait() -> None:
    """In this context work may wait: it is that of a thread of its own."""
    _may_wait.set(True)


@contextmanager
def deferred_interrupts() -> Generator[Stop]:
    """Meanwhile the first interrupt (Ctrl-C, a notebook's stop button) only sets a flag, and a second one raises.

    Python would else raise `KeyboardInterrupt` between any two lines, also between the end of a batch and the line
    that keeps its scores. Signals come to the main thread alone: in any other only `stopped_by` raises the flag.

    Example:
        >>> with deferred_interrupts() as stop:
        ...     for batch in batches:
        ...         if stop():
        ...             break
    """
    asked, elsewhere = threading.Event(), _asked_elsewhere.get()
    if threading.current_thread() is not threading.main_thread():
        yield elsewhere
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: asked.is_set() or elsewhere()
    finally:
        # None: a handler that C code installed, which Python cannot put back.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
