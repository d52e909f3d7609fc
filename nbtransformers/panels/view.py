"""Where a task shows its progress and its result: a panel in a notebook, lines in a terminal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from nbtransformers.panels.host import in_marimo, in_notebook
from nbtransformers.panels.kinds import Kind, Result, kind_of_result
from nbtransformers.panels.marimohost import PassingMarimoView, append
from nbtransformers.panels.passing import Passing
from nbtransformers.panels.shown import panel, remember
from nbtransformers.plain_text import printable
from nbtransformers.progress import OnPartial, Progress

if TYPE_CHECKING:
    from nbtransformers.panels.channel import Method
    from nbtransformers.panels.widget import Panel


class View(Protocol):
    """Open while the work goes on, and told its progress; what it shows of work that failed it takes away."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def progress(self, progress: Progress) -> None:
        """Show one moment of the work."""
        ...

    @property
    def partial(self) -> OnPartial | None:
        """Shows the result as it stands while the work goes on; None where nobody would see it."""
        ...

    def show(self, result: Result) -> None:
        """Show the result, if this view is to keep it."""
        ...


def lasting_view(what: str, kind: str) -> View:
    """The view of a magic: progress from the first second, and the result, of that kind, in its place."""
    return PanelView(what, kind) if in_notebook() else TerminalView(what)


_around: ContextVar[View | None] = ContextVar("around", default=None)


@contextmanager
def progress_within(view: View) -> Generator[None]:
    """Meanwhile, passing views show their progress in this one, and not in the cell.

    Example:
        >>> with progress_within(view):
        ...     nbt.download("acme/tiny")
    """
    token = _around.set(view)
    try:
        yield
    finally:
        _around.reset(token)


def passing_view(what: str) -> View:
    """The view of a plain call: progress when it takes long, nothing left behind."""
    around = _around.get()
    if around is not None:
        return PassingWithin(what, around)
    if in_notebook():
        return PassingPanelView(what)
    return PassingMarimoView(what) if in_marimo() else TerminalView(what)


def show_result(result: Result) -> None:
    """A result, as the last value of a cell: the panel in a notebook, the table in a terminal."""
    if in_marimo():
        append(panel(result))
        return
    if not in_notebook():
        print(result)
        return
    kind = kind_of_result(result)
    with PanelView(kind.title, kind.name) as view:
        view.show(result)


class PanelView:
    """Two outputs: a static snapshot, then the live panel; wherever the notebook is read, one of them shows."""

    has_stop = True  # whether the panel has a button that ends the work

    def __init__(self, what: str, kind: str) -> None:
        self._what = what
        self._panel = _panel(what, kind)
        self._panel.view = self
        self._snapshot: Any = None
        self._output: Any = None
        self._rows: int | None = None
        self._finished = False
        self.stopped_by: Literal["interrupt", "message"] = "interrupt"  # how its button ends the work

    @property
    def panel(self) -> Panel:
        """The live panel."""
        return self._panel

    def __enter__(self) -> Self:
        from IPython.display import display

        from nbtransformers.panels.snapshot import pending_snapshot

        pending = {"text/html": pending_snapshot(self._panel.panel_id, self._what), "text/plain": f"{self._what} …"}
        self._snapshot = display(pending, raw=True, display_id=True)
        self._output = display(self._panel, display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self._panel.close()
            for output in (self._snapshot, self._output):
                _take_away(output)

    def progress(self, progress: Progress) -> None:
        self._rows = progress.total
        self._panel.progress = asdict(progress) | ({"stop": self.stopped_by} if self.has_stop else {})

    def partial(self, result: Result) -> None:
        kind = kind_of_result(result)
        if kind.partial is not None:
            self._panel.begin(kind.name, *kind.partial(result, self._rows))

    def show(self, result: Result) -> None:
        kind = kind_of_result(result)
        header, payload = kind.header(result)
        self._panel.show(kind.name, header, payload, partial(_answers, kind, result, self._panel))
        self._panel.result = result
        remember(result, self._panel)
        self.draw()
        self._finished = True
        kind.follow(result, self._panel)

    def draw(self) -> None:
        """Draw the snapshot of the result anew, as it is now."""
        result = self._panel.result
        if result is not None:  # it is let go of when the panel is closed
            snapshot = kind_of_result(result).snapshot(self._panel.panel_id, result)
            self._snapshot.update({"text/html": snapshot, "text/plain": str(result)}, raw=True)

    def fail(self, message: str) -> None:
        """Say in the panel what went wrong in the background; a result that stood there stays."""
        if self._panel.result is not None:
            self.show(self._panel.result)  # in the place of what came until then
        self._panel.fail(message)
        if not self._finished:
            self.draw_failure(message)

    def draw_failure(self, message: str) -> None:
        """Draw a snapshot that says why there is no result."""
        from nbtransformers.panels.snapshot import failed_snapshot

        failed = failed_snapshot(self._panel.panel_id, message)
        self._snapshot.update({"text/html": failed, "text/plain": message}, raw=True)


class PassingPanelView(Passing):
    """A progress panel that comes when the work takes long, and goes when it ends."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._panel: Panel | None = None
        self._output: Any = None

    def end(self) -> None:
        if self._panel is not None:
            self._panel.close()
            _take_away(self._output)

    def progress(self, progress: Progress) -> None:
        if self._panel is None and self.is_due:
            from IPython.display import display

            self._panel = _panel(self._what, "")
            self._output = display(self._panel, display_id=True)
        if self._panel is not None:
            self._panel.progress = asdict(progress)


class PassingWithin(Passing):
    """Progress in a view that stands there already, and stays."""

    def __init__(self, what: str, around: View) -> None:
        super().__init__(what)
        self._around = around

    def progress(self, progress: Progress) -> None:
        self._around.progress(progress)


class TerminalView:
    """A progress line on the error stream that goes when the work ends."""

    partial = None

    def __init__(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task(what, total=None)

    def __enter__(self) -> Self:
        if self._bars.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars.live.is_started:
            self._bars.stop()

    def progress(self, progress: Progress) -> None:
        rate = f" · {progress.tokens_per_s:,.0f} tokens/s" if progress.tokens_per_s else ""
        message = printable(progress.message) + rate
        self._bars.update(self._task, description=message, completed=progress.done, total=progress.total)

    def show(self, result: Result) -> None:
        """Nothing: IPython prints the value of a line itself."""


def _take_away(output: Any) -> None:
    from nbtransformers.panels.snapshot import gone_output

    output.update({"text/html": gone_output(), "text/plain": ""}, raw=True)


def _answers(kind: Kind, result: Result, panel: Panel) -> dict[str, Method]:
    return {**kind.methods(result), **kind.actions(result, panel)}


def _panel(what: str, kind: str) -> Panel:
    from nbtransformers.panels.widget import panel_class

    return panel_class(kind)(progress=asdict(Progress("loading", what)))
