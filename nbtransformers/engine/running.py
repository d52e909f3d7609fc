"""Rows through a model, whatever the task: go window by window, stop well, and keep what is finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.remarks import halved
from nbtransformers.engine.resuming import RestOfRows, Unfinished, remember, rows_in_memory
from nbtransformers.engine.rowtask import COUNTS, DoneWindow, Gathered, Hooks, R, Ready, RowTask, Worker, has_value
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, RowWindow
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import Glimpses, OnPartial, OnProgress, Pace, silent
from nbtransformers.request import Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

_log = logging.getLogger(__name__)


def run(
    make: type[RowTask[R]], request: Any, objects: Objects, on_progress: OnProgress, on_partial: OnPartial | None
) -> R:
    """Do all rows of a request; into a file, where it names one: then its result is a `Stored`.

    An interrupt ends the work and keeps what is finished: the other rows have a reason and no value. So does
    whatever fails once some rows are finished; before, it is raised.

    Args:
        make: the task.
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.
        on_partial: shown the result as it stands, a few times a second and for a small share of the time.

    Raises:
        UserError: when the texts cannot be read or the model cannot be used.
    """
    if request.run.to is not None:
        from nbtransformers.engine.tofile import store

        return cast("R", store(make, request, objects, on_progress))
    rows = make.rows(request, objects)
    task = make(request, objects, on_progress)
    return _done(task, objects, rows, None, on_progress, on_partial)


def resume(
    make: type[RowTask[R]], before: Any, objects: Objects, on_progress: OnProgress, on_partial: OnPartial | None
) -> R:
    """Finish what an interrupt left of a result: what `run` would have given, without doing anything twice.

    Args:
        make: the task.
        before: the unfinished result.
        objects: what its request's `variable` references name.
        on_progress: as for `run`.
        on_partial: as for `run`.

    Raises:
        UserError: also when the input is not what it was.
    """
    rows = RestOfRows.of(before, objects, make.rows)
    task = make(before.request, objects, on_progress)
    return _done(task, objects, rows, before, on_progress, on_partial)


def recipe(make: type[RowTask[Any]], request: Any, objects: Objects) -> Any:
    """What a plain program must know to do a request; its model is loaded for it, and no text is read.

    Args:
        make: the task.
        request: what is to be done.
        objects: what the request's `variable` references name.

    Raises:
        UserError: when the model cannot be used.
    """
    task = make(request, objects, silent)
    return task.recipe(task.reading(objects))


def _done(
    task: RowTask[R],
    objects: Objects,
    rows: Rows,
    before: Any,
    on_progress: OnProgress,
    on_partial: OnPartial | None,
) -> R:
    with at_work(task.ready.loaded, on_progress), deferred_interrupts() as stop:
        gathering = _Gathering(task, objects, rows, before)
        glimpses = Glimpses(on_partial, task.glimpse_seconds)

        def on_rows(under_way: Callable[[], DoneWindow]) -> None:
            glimpses(lambda: gathering.result(worker, under_way()))

        worker = task.worker(Hooks(rows.total, Pace(on_progress), stop, on_rows))
        gathering.do_all(worker)
        result = gathering.result(worker)
    remember(cast("Unfinished", result), objects)
    return result


@contextmanager
def at_work(loaded: LoadedModel, on_progress: OnProgress) -> Generator[None]:
    """A model for this run alone, as `alone_with` gives it, in evaluation mode."""
    with alone_with(loaded, on_progress):
        modes = [(module, module.training) for module in loaded.model.modules()]
        loaded.model.eval()
        try:
            yield
        finally:
            loaded.model.train(modes[0][1])  # by the modules' own ways, which may do more than set it
            for module, training in modes:  # each its own: a user may have frozen some
                module.training = training


class _Gathering(Generic[R]):
    """The windows that are done, and the result that they make."""

    def __init__(self, task: RowTask[R], objects: Objects, rows: Rows, before: Any) -> None:
        self._task, self._objects, self._source, self._before = task, objects, rows, before
        self._texts: list[Texts] = []
        self._values: list[Any] = []
        self._reasons: list[Reasons] = []
        self._counts: list[NDArray[np.int32]] = []
        self._rows = 0
        self._some_have_values = False
        self._failure: str | None = None
        self._read_to_end = False

    def do_all(self, worker: Worker) -> None:
        """Do window after window. After an interrupt, rows in memory are still listed; a file is not read on."""
        try:
            self._do_rest(worker)
        except KeyboardInterrupt:  # a second one, at any moment
            worker.end()
            self._do_rest(worker)
        except Exception as error:  # the input fails on the way: what is finished is kept
            self._keep(worker, error)
        self._read_to_end |= self._rows == self._source.total

    def _do_rest(self, worker: Worker) -> None:
        held = rows_in_memory(self._source)
        for window in self._source.windows(self._task.window_rows, self._rows):
            if worker.stopping and window.start >= held:
                return
            self._add(self._window_done(worker, window))
        self._read_to_end = True

    def _window_done(self, worker: Worker, window: RowWindow) -> DoneWindow:
        known = self._known(window)
        try:
            return worker.do(window, known)
        except Exception as error:
            self._keep(worker, error)
            return worker.do(window, known)  # it ends here: this only says which rows are left

    def _known(self, window: RowWindow) -> DoneWindow | None:
        """What the earlier run has found out about a window."""
        before, rows = self._before, slice(window.start, window.start + len(window.texts))
        if before is None or rows.stop > len(before):
            return None
        reasons = before.reasons.part(rows.start, rows.stop)
        values = self._task.empty(len(window.texts))
        for row in range(len(values)):
            if row not in reasons:
                values[row] = self._task.kept(before, rows.start + row)
        counts = np.stack([count[rows] for count in self._task.counted(before)])
        return DoneWindow(Texts(window.texts), values, reasons, counts.astype(np.int32))

    def _keep(self, worker: Worker, error: Exception) -> None:
        if not self._some_have_values:
            raise error
        if not isinstance(error, UserError):
            _log.error("Stopped at row %s", self._rows, exc_info=error)
        self._failure = f"Stopped at row {self._rows:,}: {error}"
        worker.end()

    def _add(self, window: DoneWindow) -> None:
        self._some_have_values |= bool(has_value(window.values).any())
        self._texts.append(window.texts)
        self._values.append(self._task.packed(window.values))
        self._reasons.append(window.reasons)
        self._counts.append(window.counts)
        self._rows += len(window.texts)

    def result(self, worker: Worker, under_way: DoneWindow | None = None) -> R:
        """The result of all rows so far; with a window under way a glimpse, which needs no notes."""
        extra = [under_way] if under_way else []
        task = self._task
        reasons = Reasons.joined([*self._reasons, *(window.reasons for window in extra)])
        none = np.empty((len(COUNTS), 0), dtype=np.int32)
        gathered = Gathered(
            texts=Texts.joined([*self._texts, *(window.texts for window in extra)]),
            index=self._source.index,
            values=task.joined([*self._values, *(task.packed(window.values) for window in extra)]),
            reasons=reasons,
            counts=np.concatenate([none, *self._counts, *(window.counts for window in extra)], axis=1),
            report=self._report(worker),
            read_to_end=self._read_to_end,
            notes=(),
            recipe=None if under_way else self._recipe(reasons),
        )
        return task.result(gathered if under_way else self._with_notes(gathered, worker))

    def _with_notes(self, gathered: Gathered, worker: Worker) -> Gathered:
        ready = self._task.ready
        notes = [*ready.card.notes, *self._task.notes(gathered)]
        if not (self._read_to_end and gathered.reasons.done.all()):
            notes.insert(0, self._task.ended_early(self._failure, gathered))
        if worker.account.out_of_memory:
            notes.append(halved(worker.account.out_of_memory, worker.plan.batch_tokens))
        if not worker.padded:
            notes.append(f"Padding would change the results of {ready.loaded.name}: every batch held one length only.")
        return replace(gathered, notes=(*notes, *self._source.notes))

    def _recipe(self, reasons: Reasons) -> Any:
        before = getattr(self._before, "recipe", None)
        return self._task.recipe(self._task.reading(self._objects, self._source, reasons, before))

    def _report(self, worker: Worker) -> RunReport:
        report = report_of(self._task.ready, worker)
        return report if self._before is None else report.after(self._before.run)


def report_of(ready: Ready, worker: Worker) -> RunReport:
    """How a run went so far."""
    account = worker.account
    return RunReport(
        model=ready.loaded.name,
        device=ready.loaded.device,
        dtype=ready.loaded.dtype,
        threads=worker.plan.threads,
        batch_tokens=worker.plan.batch_tokens,
        batches=account.batches,
        tokens=account.tokens,
        pad_tokens=account.pad_tokens,
        load_seconds=ready.load_seconds,
        seconds=worker.seconds,
        out_of_memory=account.out_of_memory,
        revision=ready.card.revision,
    )
