"""Rows through a model, whatever the task: load it, go window by window, stop well, and keep what is finished.

A task is a `RowTask`: which model it needs, what does its rows, and what result they make. Everything else is here.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.batching import Account
from nbtransformers.engine.device import pick_device, pick_dtype
from nbtransformers.engine.plan import Plan
from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.engine.remarks import halved, remarks, stopped
from nbtransformers.engine.resuming import RestOfRows, Unfinished, remember, rows_in_memory
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, RowWindow, read
from nbtransformers.interrupt import Stop, deferred_interrupts
from nbtransformers.loading.card import Card, card
from nbtransformers.loading.models import Head, load
from nbtransformers.loading.named import naming_default
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import Glimpses, OnPartial, OnProgress, Pace, Progress
from nbtransformers.request import ModelRef, Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Reading
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

_log = logging.getLogger(__name__)

R = TypeVar("R")
COUNTS = ("tokens read", "tokens beyond the limit", "whether the model can hardly read it (0 or 1)")


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that is loaded.

    Attributes:
        ref: what it was loaded by.
        card: what it says of itself.
        loaded: the model.
        load_seconds: how long loading took; 0 when it was loaded already.
    """

    ref: ModelRef
    card: Card
    loaded: LoadedModel
    load_seconds: float


@dataclass(frozen=True, slots=True)
class DoneWindow:
    """What is known of some rows.

    Attributes:
        texts: their texts.
        values: what the task made of each: an array `[row, …]` of float32, NaN where a row has nothing; or one
            `[row]` of objects, None where a row has nothing.
        reasons: row, counted from the window's first, to the reason why it has no value.
        counts: int32 `[count, row]`, as `COUNTS` names them.
    """

    texts: Texts
    values: NDArray[Any]
    reasons: Reasons
    counts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a worker tells, and asks, while it works.

    Attributes:
        total: rows in all windows; None when it is not known.
        on_progress: told how far it is, as often as it likes.
        stop: asked before every batch whether to end.
        on_rows: told after every batch how the window under way can be had as it stands.
    """

    total: int | None
    on_progress: OnProgress
    stop: Stop
    on_rows: Callable[[Callable[[], DoneWindow]], None]


class Worker(Protocol):
    """Does one window of rows after another; once it is to stop it does no more.

    Attributes:
        account: what its batches cost so far.
        plan: how it cuts them.
        seconds: since it was made.
        padded: whether batches may hold padding.
        stopping: whether the user has asked to stop, or `end` did.
    """

    @property
    def account(self) -> Account: ...

    @property
    def plan(self) -> Plan: ...

    @property
    def seconds(self) -> float: ...

    @property
    def padded(self) -> bool: ...

    @property
    def stopping(self) -> bool: ...

    def end(self) -> None:
        """Do no more, as after an interrupt."""
        ...

    def do(self, window: RowWindow, known: DoneWindow | None = None) -> DoneWindow:
        """Do the rows of a window; a row without a value has a reason.

        Args:
            window: the rows.
            known: the same rows as an earlier run left them: those that it finished stay as they are.
        """
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run found out about its rows, for the task to make its result of.

    Attributes:
        texts: the texts, one a row.
        index: the labels of the rows.
        values: what the task made of them, as its `joined` gives it.
        reasons: row to the reason why it has no value.
        counts: int32 `[count, row]`, as `COUNTS` names them.
        report: how the run went.
        read_to_end: whether the input has no rows but these.
        notes: what a careful reader should know; none while the work goes on.
        reading: how the texts are read by a plain program; None while the work goes on.
    """

    texts: Texts
    index: Any
    values: Any
    reasons: Reasons
    counts: NDArray[np.int32]
    report: RunReport
    read_to_end: bool
    notes: tuple[str, ...]
    reading: Reading | None

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Int64 `[text]`: tokens that the model read."""
        return self.counts[0].astype(np.int64)

    @property
    def unread(self) -> NDArray[np.int64]:
        """Int64 `[text]`: tokens beyond the limit."""
        return self.counts[1].astype(np.int64)

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Bool `[text]`: whether the model can hardly read it."""
        return self.counts[2] > 0


class RowTask(ABC, Generic[R]):
    """One task on a model that is ready.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is being loaded.

    Raises:
        UserError: when the model cannot be used.
    """

    window_rows = 20_000  # enough for well-filled batches, little enough to hold in memory
    part_rows = 2_000  # of a file: about a minute of a CPU's work, with a few labels to a text
    glimpse_seconds = 0.3  # between two looks at the result as it stands
    gives = "score"  # for a text, as notes call it

    def __init__(self, request: Any, objects: Objects, on_progress: OnProgress) -> None:
        self.request = request
        self.ready = prepare(request, self.model_ref(request), self.needed_head, objects, on_progress)

    @classmethod
    def rows(cls, request: Any, objects: Objects) -> Rows:
        """The rows of a request."""
        return read(request.data, objects)

    @abstractmethod
    def model_ref(self, request: Any) -> ModelRef:
        """Which model: the request's, or the bundled one for the task.

        Raises:
            UserError: when there is none.
        """

    @abstractmethod
    def needed_head(self, card: Card) -> Head:
        """Which part of the model is needed.

        Raises:
            UserError: when the model cannot do what is asked for.
        """

    @abstractmethod
    def empty(self, rows: int) -> NDArray[Any]:
        """The values of so many rows of which nothing is known."""

    @abstractmethod
    def worker(self, hooks: Hooks) -> Worker:
        """What does the rows."""

    @abstractmethod
    def known(self, before: R, rows: slice) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """What an earlier result holds of some rows: the values and the counts of a `DoneWindow`."""

    @abstractmethod
    def result(self, gathered: Gathered) -> R:
        """The result that the rows make."""

    def packed(self, values: NDArray[Any]) -> Any:
        """The values of a window in the form in which they wait for the end; ragged ones are worth packing."""
        return values

    def joined(self, parts: Sequence[Any]) -> Any:
        """What `packed` made of all windows, in one; there may be none."""
        return np.concatenate([self.empty(0), *parts])

    def start_anew(self) -> None:
        """Forget what was kept of the windows so far: they are written, and those to come make a table of their own."""

    def ended_early(self, failure: str | None, gathered: Gathered) -> str:
        """That the work ended before all was done: by what failed, or by the user."""
        return stopped(failure or "Interrupted", gathered.reasons, gathered.read_to_end)

    def notes(self, gathered: Gathered) -> list[str]:
        """What else a careful reader should know."""
        return remarks(self.ready.card, gathered.unread, gathered.doubtful, self.gives)


def prepare(
    request: Any, ref: ModelRef, needed_head: Callable[[Card], Head], objects: Objects, on_progress: OnProgress
) -> Ready:
    """Load the model of a request.

    Raises:
        UserError: when it cannot be used.
    """

    def on_load(message: str) -> None:
        on_progress(Progress("loading", message))

    on_load("Starting")
    with naming_default(ref):
        described = card(ref, objects, on_load)
        head = needed_head(described)
    device = pick_device(request.run.device)
    loaded, fresh = load(
        ref,
        objects,
        head,
        device=device,
        dtype=pick_dtype(request.run.dtype, device),
        tokenizer=request.tokenizer,
        on_load=on_load,
    )
    if ref.kind == "variable":
        _refuse_other_place(request, loaded)
    return Ready(ref, described, loaded, loaded.load_seconds if fresh else 0.0)


def _refuse_other_place(request: Any, loaded: LoadedModel) -> None:
    """A user's own model is run where and as it is: to move it would change it under the user's feet."""
    name, run = loaded.name, request.run
    if run.device != "auto" and not loaded.device.startswith(run.device):
        raise UserError(
            f"Your model {name} is on {loaded.device}, not on {run.device}.", hint=f'Type `{name}.to("{run.device}")`.'
        )
    if run.dtype not in ("auto", loaded.dtype):
        raise UserError(
            f"Your model {name} is in {loaded.dtype}, not in {run.dtype}.", hint=f"Type `{name}.to(torch.{run.dtype})`."
        )


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
        was_training = loaded.model.training
        loaded.model.eval()
        try:
            yield
        finally:
            loaded.model.train(was_training)


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
        values, counts = self._task.known(before, rows)
        return DoneWindow(Texts(window.texts), values, before.reasons.part(rows.start, rows.stop), counts)

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
            reading=None if under_way else self._reading(reasons),
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

    def _reading(self, reasons: Reasons) -> Reading:
        before = getattr(self._before, "recipe", None)
        if before is not None:
            return with_reasons(before.reading, reasons)
        return reading_of(self._task.request.data, self._objects, self._source, reasons)

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


def has_value(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Bool `[row]`: which rows have a value."""
    if values.dtype == object:
        return np.fromiter((value is not None for value in values), dtype=bool, count=len(values))
    return np.asarray(np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
