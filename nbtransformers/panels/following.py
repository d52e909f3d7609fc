"""What keeps the panel of something that goes on up to date: a thread that looks at it for as long as there is news."""

from __future__ import annotations

import contextvars
import logging
import threading
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_log = logging.getLogger(__name__)


class Following(ABC):
    """Looks, tells the panel what is new, and draws its snapshot anew, until the panel is closed or all is told.

    Args:
        what: what is followed, in a few words.
        panel: the panel, which is not kept alive.
    """

    def __init__(self, what: str, panel: Panel) -> None:
        self._what = what
        self._panel = weakref.ref(panel)
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow, or begin again where that had ended."""
        with self._lock:
            self._wake.set()
            if self._thread is None:
                name = f"nbtransformers: following {self._what}"
                work = self._context().run
                self._thread = threading.Thread(target=work, args=(self._work,), name=name, daemon=True)
                self._thread.start()

    # --- what each kind does ---

    def _context(self) -> contextvars.Context:
        """Where the thread works: what ipykernel shows, it shows in the cell that the context is of."""
        return contextvars.copy_context()

    @abstractmethod
    def _look(self) -> bool:
        """Tell what is new; whether there may be more."""

    @abstractmethod
    def _pause_s(self) -> float:
        """How long to wait until the next look."""

    @abstractmethod
    def _draw(self, panel: Panel, *, at_once: bool) -> None:
        """Draw the snapshot anew, if it is time to; `at_once` where nothing comes after."""

    # --- the thread ---

    def _work(self) -> None:
        while self._goes_on():
            self._wake.wait(self._pause_s())

    def _goes_on(self) -> bool:
        panel = self._panel()
        with self._lock:
            self._wake.clear()
            try:
                goes_on = panel is not None and not panel.closed and self._look()
            except OSError:  # a disk that is away for a moment
                goes_on = True
            except Exception:
                _log.exception("The panel of %s is not kept up to date any more", self._what)
                goes_on = False
            if not goes_on:
                self._thread = None
        if panel is not None and not panel.closed:
            try:
                self._draw(panel, at_once=not goes_on)
            except Exception:  # the panel itself is still told
                _log.exception("The snapshot of %s is not drawn", self._what)
        return goes_on
