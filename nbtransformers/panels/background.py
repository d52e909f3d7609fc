"""Work that goes on after its cell has ended, so that the buttons of its panel are heard."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from nbtransformers.errors import UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.plain_text import printable
from nbtransformers.progress import OnPartial, OnProgress

if TYPE_CHECKING:
    from nbtransformers.panels.view import PanelView
    from nbtransformers.panels.widget import Panel

R = TypeVar("R")

_log = logging.getLogger(__name__)


class Background(Generic[R]):
    """Work in a thread of its own, shown in a panel; `result` waits for what it gives.

    Closing the panel, or running its cell again, stops it as its button does: what came by then is the result.

    Args:
        what: what is done, for a person.
        run: does it; told where to tell its progress, and where to show the result as it stands.
        panel: where it is shown; None shows nothing.

    Example:
        >>> work = Background("Generating", run, panel)
        >>> work.stop()
        >>> work.result.texts
    """

    def __init__(self, what: str, run: Callable[[OnProgress, OnPartial], R], panel: Panel | None = None) -> None:
        self._what, self._run, self._panel = what, run, panel
        self._asked, self._ended = threading.Event(), threading.Event()
        self._result: R | None = None
        self._error: Exception | None = None
        if panel is not None:
            panel.working(self.stop)
        # In a copy of this context: what ipykernel shows, it shows in the cell that the context is of.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work,), name=f"nbtransformers: {what}", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._ended.is_set()

    @property
    def result(self) -> R:
        """What it gave, once it has ended; an interrupt ends only the wait.

        Raises:
            Exception: what it failed with.
        """
        while not self._ended.wait(0.2):  # a wait without end would hear no interrupt on Windows
            pass
        if self._error is not None:
            raise self._error
        return cast("R", self._result)

    def stop(self) -> None:
        """Have it end soon; what came by then is the result."""
        self._asked.set()

    def __repr__(self) -> str:
        state = "at work" if not self.done else "failed" if self._error is not None else "done"
        return f"<{self._what} in the background: {state}; .result waits for it, .stop() ends it>"

    def _ipython_display_(self) -> None:
        """As the value of a cell: its panel stands there already."""
        if self._panel is None:
            raise NotImplementedError  # IPython then shows it as it shows any other value

    def _work(self) -> None:
        try:
            with stopped_by(self._asked.is_set):
                self._result = self._run(self._shown("progress"), self._shown("partial"))
            self._shown("show")(self._result)
        except Exception as error:
            self._error = error
            self._shown("fail")(_told(error))
        finally:
            if self._panel is not None:
                self._panel.working(None)
            self._ended.set()

    def _shown(self, how: Literal["progress", "partial", "show", "fail"]) -> Callable[[Any], None]:
        """What shows something in the panel, for as long as the panel is open."""

        def show(what: Any) -> None:
            view: PanelView | None = None if self._panel is None else self._panel.view
            if view is not None:
                getattr(view, how)(what)

        return show


def _told(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    _log.error("Failed in the background", exc_info=error)
    return printable(f"{type(error).__name__}: {error}")
