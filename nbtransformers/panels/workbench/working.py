"""What goes on at a workbench: one task at a time, in the background, and the panel of what was asked for last."""

from __future__ import annotations

import contextvars
import re
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.panels.background import Background, told
from nbtransformers.panels.workbench.bench import Sent, Work, Workbench
from nbtransformers.panels.workbench.child import ChildView
from nbtransformers.panels.workbench.wire import row_of
from nbtransformers.plain_text import sendable

if TYPE_CHECKING:
    from nbtransformers.panels.view import View
    from nbtransformers.panels.widget import Panel, WorkbenchPanel


_KEPT = 10  # results that nothing else need hold, to be shown once more


def follow(bench: Workbench, panel: Panel) -> None:
    """Keep a panel in which a workbench was shown up to date, until it is closed."""
    panel.follower = Working(bench, cast("WorkbenchPanel", panel))
    bench.desk.listen(panel.follower)


class Working:
    """Runs forms, one at a time, and tells the panel how things stand.

    Args:
        bench: what can be done.
        panel: where it is shown; it is not kept alive.
    """

    def __init__(self, bench: Workbench, panel: WorkbenchPanel) -> None:
        self._bench, self._panel = bench, weakref.ref(panel)
        self._lock = threading.Lock()
        self._at_work: int | None = None  # the run that goes on
        self._shown: int | None = None  # the run whose panel is shown
        self._said = ""  # what that run said, where it gave a text
        self._error: dict[str, str] | None = None
        self._kept: deque[Any] = deque(maxlen=_KEPT)
        self._cell = contextvars.copy_context()  # what is drawn from a thread belongs to this cell

    def __call__(self) -> None:
        """The history has changed."""
        self._cell.copy().run(self._tell)

    def state(self) -> dict[str, Any]:
        """How things stand."""
        panel = self._panel()
        child = None if panel is None or panel.child is None else panel.child.model_id
        return {
            "at_work": self._at_work,
            "shown": self._shown,
            "child": child,
            "said": self._said,
            "error": self._error,
            "history": [row_of(row) for row in self._bench.desk.history()],
        }

    def run(self, form: Sent) -> None:
        """Run a form in the background.

        Raises:
            UserError: when it cannot be understood, or another one is at work.
        """
        self._begin(form, lambda: self._bench.desk.understood(form))

    def resume(self, number: int) -> None:
        """Do in the background what a stop has left of a run of the history.

        Raises:
            UserError: when its result is gone, or another one is at work.
        """
        self._begin(self._bench.desk.form(number), lambda: self._bench.desk.rest_of(number))

    def _begin(self, form: Sent, understand: Callable[[], Work]) -> None:
        with self._lock:
            panel = self._free()
            self._error = None  # that of the run before is not told beside what is wrong now
            work = understand()
            self._at_work = self._shown = work.number
            self._said = ""
        self._bench.show(None)
        view = self._child(panel, work.doing, work.kind)
        work.begin()  # every workbench is told how things stand, this one too
        Background(work.doing, lambda shown: self._work(work, form, shown), view.panel)

    def stop(self) -> None:
        """End what is at work; what came by then is kept."""
        panel = self._panel()
        if panel is not None and panel.child is not None and self._at_work is not None:
            panel.child.stop()

    def show(self, number: int) -> None:
        """Show once more what a run of the history gave.

        Raises:
            UserError: when that is gone, or another one is at work.
        """
        panel = self._free()
        result = self._bench.desk.result(number)
        self._shown, self._error = number, None
        self._put(panel, result)
        self()

    def _put(self, panel: WorkbenchPanel, result: Any) -> None:
        """Show a result in a panel of its kind, or what was said."""
        from nbtransformers.panels.kinds import kind_of_result

        if isinstance(result, str):
            self._said = sendable(result)
            self._bench.show(None)
            panel.hold(None)
            return
        kind = kind_of_result(result)
        self._said = ""
        self._bench.show(result)
        self._child(panel, kind.title, kind.name).show(result)

    def _free(self) -> WorkbenchPanel:
        """The panel, when nothing is at work in it."""
        panel = self._panel()
        if panel is None or panel.closed:
            raise UserError("This workbench is closed.", hint="Run its cell again.")
        if self._at_work is not None:
            raise UserError("The workbench is at work.", hint="Stop it first, or wait for it.")
        return panel

    def _work(self, work: Work, form: Sent, view: View) -> None:
        result, message, is_stopped = None, "", False
        try:
            result = work.run(view)
            self._kept.append(result)
            self._end_well(work, view, result)
        except Interrupted as stopped:
            message, is_stopped = str(stopped), True
            self._said = sendable(message)
            self._let_go()
        except Exception as error:
            message = told(error)
            self._error = self.mistake(form, error if isinstance(error, UserError) else UserError(message))
            self._let_go()
        finally:
            self._at_work = None
            work.end(result, message, is_stopped)

    def _let_go(self) -> None:
        """Nothing came, or not the whole: a panel that has nothing to show goes."""
        panel = self._panel()
        if panel is not None and panel.child is not None and panel.child.header is None:
            panel.hold(None)

    def _end_well(self, work: Work, view: View, result: Any) -> None:
        """Show what came, where that was not shown as it came."""
        panel = self._panel()
        if panel is None or panel.closed or panel.child is None:
            return
        if not work.kind:
            self._put(panel, result)
            return
        self._bench.show(result)
        if panel.child.result is None:
            view.show(result)

    def mistake(self, form: Sent, error: UserError) -> dict[str, str]:
        """What went wrong, with the field that it is in, and the task whose field that is."""
        field = self._bench.desk.field_of(form, error)
        # At its field one types the value alone.
        message = re.sub(rf"`--{re.escape(field)} ([^`]+)`", r"`\1`", str(error)) if field else str(error)
        return {"message": sendable(message), "task": str(form.get("task")), "field": field}

    def _tell(self) -> None:
        panel = self._panel()
        if panel is None or panel.closed:
            return
        panel.send({"type": "workbench", **self.state()}, [])
        self._draw()

    def _draw(self) -> None:
        """The snapshot anew, which is that of what stands within, too."""
        panel = self._panel()
        if panel is not None and panel.view is not None:
            self._cell.copy().run(panel.view.draw)

    def _child(self, panel: WorkbenchPanel, what: str, kind: str) -> ChildView:
        """A panel in the place of the one that is shown."""
        view = ChildView(what, kind, self._draw)
        panel.hold(view.panel)
        return view
