"""Work that goes on after its cell has ended, so that the buttons of its panel are heard."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import let_wait, stopped_by
from nbtransformers.panels.channel import Answer, Find, Later
from nbtransformers.panels.view import PanelView, View
from nbtransformers.plain_text import printable
from nbtransformers.progress import OnProgress, Progress

if TYPE_CHECKING:
    from nbtransformers.panels.kinds import Result
    from nbtransformers.panels.widget import Panel

R = TypeVar("R")

_PATIENCE = 0.3  # seconds of work that are no reason to show anything, and to move what is shown

_log = logging.getLogger(__name__)


def open_panel(what: str, kind: str) -> Panel:
    """A panel of its own for work in the background, in the outputs of the cell that runs now."""
    return PanelView(what, kind).__enter__().panel


class NoResultError(UserError, AttributeError):
    """What is asked of work in the background is its result's, and there is none."""


class Background(Generic[R]):
    """Work in a thread of its own, shown in a panel; `result` waits for what it gives.

    Once it is done, whatever its result has can be asked of it too.

    Closing the panel, or running its cell again, stops it as its button does: what came by then is the result.

    Args:
        what: what is done, for a person.
        run: does it, and shows it in the view that it is given.
        panel: where it is shown; None shows nothing.
        on_end: told that it has ended, and tells itself what went wrong; None has the panel tell.

    Example:
        >>> work = Background("Generating", lambda view: run_generate(request, objects, view), panel)
        >>> work.stop()
        >>> work.result.texts
    """

    def __init__(
        self,
        what: str,
        run: Callable[[View], R],
        panel: Panel | None = None,
        on_end: Callable[[Background[R]], None] | None = None,
    ) -> None:
        self._what, self._run, self._panel, self._on_end = what, run, panel, on_end
        self._asked, self._ended = threading.Event(), threading.Event()
        self._result: R | None = None
        self._error: Exception | Interrupted | None = None
        if panel is not None:
            panel.working(self.stop)
        # In a copy of this context: what ipykernel shows, it shows in the cell that the context is of.
        context = contextvars.copy_context()
        context.run(let_wait)  # also where a panel's question starts it, which may not
        threading.Thread(target=context.run, args=(self._work,), name=f"nbtransformers: {what}", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._ended.is_set()

    @property
    def kept(self) -> R | None:
        """What it gave; None while it goes on, and when it failed."""
        return self._result if self.done else None

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

    def __getattr__(self, name: str) -> Any:
        """What the result has of that name.

        Raises:
            NoResultError: an AttributeError, while there is no result.
        """
        if name.startswith("_"):  # asked for by IPython, copy and the like, of the work and not of its result
            raise AttributeError(name)
        if not self.done:
            raise NoResultError(
                f"{self._what} is still at work in the background.", hint=f"`.result.{name}` waits for it."
            )
        if self._error is not None:
            raise NoResultError(f"{self._what} failed in the background.", hint="`.result` says why.")
        return getattr(self._result, name)

    def __repr__(self) -> str:
        state = "at work" if not self.done else "failed" if self._error is not None else "done"
        return f"<{self._what} in the background: {state}; .result waits for it, .stop() ends it>"

    def _ipython_display_(self) -> None:
        """As the value of a cell: its panel stands there already."""
        if self._panel is None:
            raise NotImplementedError  # IPython then shows it as it shows any other value

    def _work(self) -> None:
        view = _PanelOrNone(self._panel)
        try:
            with stopped_by(self._asked.is_set):
                self._result = self._run(view)
        except (Exception, Interrupted) as error:  # the latter: stopped before anything was done
            self._error = error
            if self._on_end is None:
                view.fail(told(error))
        finally:
            if self._panel is not None:
                self._panel.working(None)
            self._ended.set()
        if self._on_end is not None:
            self._on_end(self)


def found_in_background(what: str, panel: Panel | None, find: Callable[[OnProgress], Answer]) -> Later:
    """An answer that is found in the background, where its panel's button stops it.

    Args:
        what: what is done, for a person.
        panel: whose question is answered; it shows the progress of what takes long. None shows none, and has no button.
        find: finds it; told whom to tell its progress.

    Example:
        >>> return found_in_background("Predicting", panel, lambda on_progress: predicted(heads, on_progress))
    """

    def begin(reply: Callable[[Find], None]) -> None:
        since = time.monotonic()

        def run(view: View) -> Answer:
            def tell(progress: Progress) -> None:
                if time.monotonic() - since > _PATIENCE:
                    view.progress(progress)

            return find(tell)

        Background(what, run, panel, lambda work: reply(lambda: work.result))

    return Later(begin)


class _PanelOrNone:
    """The view of work in the background: a panel that stands there already, for as long as it is open."""

    def __init__(self, panel: Panel | None) -> None:
        self._panel = panel
        if view := self._view:
            view.stopped_by = "message"

    @property
    def _view(self) -> PanelView | None:
        return None if self._panel is None else self._panel.view

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing: what went wrong is told in the panel, which stays."""

    def progress(self, progress: Progress) -> None:
        if view := self._view:
            view.progress(progress)

    def partial(self, result: Result) -> None:
        if view := self._view:
            view.partial(result)

    def show(self, result: Result) -> None:
        if view := self._view:
            view.show(result)

    def fail(self, message: str) -> None:
        if view := self._view:
            view.fail(message)


def told(error: Exception | Interrupted) -> str:
    """What went wrong in the background, in one line; of a defect the log has the whole."""
    if isinstance(error, UserError | Interrupted):
        return str(error)
    _log.error("Failed in the background", exc_info=error)
    return printable(f"{type(error).__name__}: {error}")
