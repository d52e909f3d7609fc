"""A loaded model for one thread at a time: the others wait, say that they do, and can be stopped meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts, may_wait
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import OnProgress, Progress

_PATIENCE = 0.1  # seconds between two looks at whether to stop


@contextmanager
def alone_with(loaded: LoadedModel, on_progress: OnProgress) -> Generator[None]:
    """Hold a model: nobody else runs or re-configures it meanwhile.

    Args:
        loaded: the model.
        on_progress: told when another thread has it, for as long as that takes.

    Raises:
        Interrupted: when the wait is stopped.
        UserError: when another thread has it, and this one is waiting for nobody.

    Example:
        >>> with alone_with(loaded, on_progress):
        ...     loaded.model(**batch)
    """
    if not loaded.lock.acquire(blocking=False):
        if not may_wait():
            raise UserError(f"{loaded.name} is at work in the background.", hint="Wait for it, or stop it.")
        _wait(loaded, on_progress)
    try:
        yield
    finally:
        loaded.lock.release()


def _wait(loaded: LoadedModel, on_progress: OnProgress) -> None:
    message = _waiting(loaded.name)
    with deferred_interrupts() as stop:
        while not stop():
            # Again and again: what shows progress may show none of the first moments.
            on_progress(Progress("loading", message))
            if loaded.lock.acquire(timeout=_PATIENCE):
                if not stop():
                    return
                loaded.lock.release()
    raise Interrupted(f"Interrupted while {loaded.name} was at work elsewhere: nothing was begun. Run it again.")


def _waiting(name: str) -> str:
    if threading.current_thread() is threading.main_thread():
        # No button of another panel is heard while the kernel's one thread for cells waits here.
        return f"{name} is at work in the background: waiting for it. Interrupt the kernel (■), or wait."
    return f"{name} is at work for another cell: waiting for it."
