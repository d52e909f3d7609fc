"""A request straight into a Parquet file, part by part: what is written is let go of, and a later run can go on."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.plan import candidates
from nbtransformers.engine.remarks import halved, remarks
from nbtransformers.engine.rowtask import COUNTS, DoneWindow, Gathered, Hooks, Ready, RowTask, Worker
from nbtransformers.engine.running import at_work, report_of
from nbtransformers.engine.scoring import HeadTask
from nbtransformers.engine.threads import cpu_threads
from nbtransformers.errors import UserError, shown
from nbtransformers.inputs.rows import Rows, RowWindow
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.source import version_of
from nbtransformers.plain_text import count
from nbtransformers.progress import OnProgress, Pace
from nbtransformers.request import DataRef, Objects, RunOptions
from nbtransformers.results.export import whole_path
from nbtransformers.results.parts import Part, Parts, refuse_target
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import index_of
from nbtransformers.results.stored import Stored
from nbtransformers.results.texts import Texts

_log = logging.getLogger(__name__)

VERSION = 1  # of what is written beside the parts
_MOST_ROWS = 5_000  # in a part, on whatever device
_HEAD_ROWS = 50
_ANEW = "Type `--overwrite` to begin anew."
# What does not change the results, but for rounding, and what is checked better elsewhere.
_IMMATERIAL = ("to", "resume", "overwrite", "threads", "batch_tokens", "device", "memory_budget")


def store(make: type[RowTask[Any]], request: Any, objects: Objects, on_progress: OnProgress) -> Stored:
    """Do all rows of a request, and write their table into the file that it names.

    An interrupt, or a failure on the way, keeps the parts that are written, and a later run with `resume` goes on
    behind them: the file is then what an uninterrupted run would have written.

    Args:
        make: the task.
        request: what to do; its `run.to` is the file.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.

    Raises:
        UserError: when the file is there already or is read itself, or was begun and may not be gone on with, or
            cannot be written; and whatever keeps a run from beginning.
        KeyboardInterrupt: when nothing was finished before it.
    """
    _refuse_own_input(request)
    with Parts.of(request.run.to) as parts:
        begun = _begun(parts, request.run)
        rows = make.rows(request, objects)
        facts = _facts(request, rows)
        if begun is not None:
            _refuse_other(parts, begun, facts, _input_name(request))
        task = make(request, objects, on_progress)
        return _Storing(parts, task, rows, objects, facts, begun).all(on_progress)


def rows_a_part(task: RowTask[Any]) -> int:
    """Rows in a part: what an interrupt loses at most. An accelerator needs more of them to be filled, and is sooner
    done with them."""
    return task.part_rows if task.ready.loaded.device == "cpu" else min(_MOST_ROWS, task.window_rows)


def _refuse_own_input(request: Any) -> None:
    """Refuse to write over what is read, under whatever name: it would be gone, and no later run could go on."""
    target = whole_path(request.run.to)
    for field in fields(request):
        data = getattr(request, field.name)
        if isinstance(data, DataRef) and data.kind == "file" and _is_same_file(target, data.value):
            raise UserError(f"{target.name} is what is read.", hint="Give another name.")


def _is_same_file(target: Path, path: str) -> bool:
    with suppress(OSError, ValueError, RuntimeError):  # there is no such file
        return target.samefile(Path(path).expanduser())
    return False


def _begun(parts: Parts, run: Any) -> dict[str, Any] | None:
    """What an earlier run was begun with, when this one is to go on with it; None to begin anew."""
    if run.overwrite:
        return None
    parts.read()
    manifest = parts.manifest
    if run.resume and manifest is None and parts.target.exists():
        raise UserError(
            f"{parts.target.name} is there already, finished.",
            hint="Type `--overwrite` in the place of `--resume` to make it anew, or give another name.",
        )
    if not (run.resume and manifest is not None and manifest["overwrite"]):
        refuse_target(run.to)
    if manifest is None:
        return None
    if manifest["version"] != VERSION:
        raise UserError(f"{parts.target.name} was begun by another version of nbtransformers.", hint=_ANEW)
    if not run.resume:
        raise UserError(
            f"{parts.target.name} was begun, and {count(parts.rows, 'row')} {'is' if parts.rows == 1 else 'are'} done.",
            hint="Type `--resume` to go on, or `--overwrite` to begin anew.",
        )
    return manifest


class _Storing:
    """One run into a file."""

    def __init__(
        self,
        parts: Parts,
        task: RowTask[Any],
        rows: Rows,
        objects: Objects,
        facts: dict[str, Any],
        begun: dict[str, Any] | None,
    ) -> None:
        self._parts, self._task, self._rows, self._facts, self._begun = parts, task, rows, facts, begun
        self._objects = objects
        self._why: dict[str, None] = {}  # the reasons that some row has
        self._part_rows: int = begun["part_rows"] if begun else rows_a_part(task)
        self._had = parts.rows
        self._failure: str | None = None
        self._ended = False
        self._notes: dict[str, None] = {}

    def all(self, on_progress: OnProgress) -> Stored:
        """Do what is left, and join the parts when nothing is."""
        task = self._task
        task.request = replace(task.request, run=self._steady())
        self._begin()
        with at_work(task.ready.loaded, on_progress), deferred_interrupts() as stop:
            worker = task.worker(Hooks(self._left(), Pace(self._moved(on_progress)), stop, lambda under_way: None))
            with suppress(KeyboardInterrupt):  # a second one, at any moment
                self._do_all(worker)
            if not self._ended and not self._parts.known:
                raise KeyboardInterrupt
            return self._stored(worker)

    def _steady(self) -> RunOptions:
        """How to run so that any run cuts the same batches: without a probe, whose verdict is another every time."""
        run: RunOptions = self._task.request.run
        plan = self._begun["plan"] if self._begun else None
        if plan is None and isinstance(self._task, HeadTask) and self._task.ready.loaded.device == "cpu":
            first = candidates("cpu", cpu_threads(), run.batch_tokens, run.threads)[0]
            plan = {"batch_tokens": first.batch_tokens, "threads": first.threads}
        return replace(run, **plan) if plan else run

    def _begin(self) -> None:
        """Write down what this run is begun with; or see that it is what the parts were begun with."""
        ready, run, begun = self._task.ready, self._task.request.run, self._begun
        facts = {"model": _model_version(ready), "dtype": ready.loaded.dtype}
        if begun is not None:
            _refuse_other_model(self._parts, begun, facts, ready.loaded.name)
            return
        plan = {"batch_tokens": run.batch_tokens, "threads": run.threads}
        self._parts.begin(
            {
                **{"version": VERSION, **self._facts, **facts},
                **{"part_rows": self._part_rows, "overwrite": run.overwrite},
                "plan": None if None in plan.values() else plan,
            }
        )

    def _left(self) -> int | None:
        return None if self._rows.total is None else max(0, self._rows.total - self._had)

    def _moved(self, on_progress: OnProgress) -> OnProgress:
        """Progress that counts the rows which are done already."""
        had = self._had
        return lambda told: on_progress(
            replace(told, done=told.done + had, total=None if told.total is None else told.total + had)
        )

    def _do_all(self, worker: Worker) -> None:
        windows = self._windows()
        while (found := self._next(worker, windows)) is not None:
            self._write(*found, worker)
            if worker.stopping:
                self._ended = self._parts.rows == self._rows.total
                return
        if self._ended and not self._parts.known:  # no rows at all
            nothing = np.empty((len(COUNTS), 0), dtype=np.int32)
            none = DoneWindow(Texts([]), self._task.empty(0), Reasons(0, {}), nothing)
            self._write(none, RowWindow(0, [], {}), worker)

    def _next(self, worker: Worker, windows: Iterator[RowWindow]) -> tuple[DoneWindow, RowWindow] | None:
        """The next window, with what became of it; None at the end, and when it was not finished."""
        try:
            window = next(windows, None)
            if window is None:
                self._ended = True
                return None
            done = worker.do(window)
        except Exception as error:  # what is finished is kept
            if self._parts.rows == self._had:
                raise
            if not isinstance(error, UserError):
                _log.error("Stopped at row %s", self._parts.rows, exc_info=error)
            self._failure = f"Stopped at row {self._parts.rows:,}: {error}"
            return None
        return (done, window) if done.reasons.done.all() else None

    def _windows(self) -> Iterator[RowWindow]:
        """The windows that are left, once those before them have been seen to be what they were."""
        windows = self._rows.windows(self._part_rows)
        start = 0
        for part in self._parts.known.copy():
            if part.rows:
                window = next(windows, None)
                if window is None or part.digest != _digest(window):
                    name, stop = _input_name(self._task.request), start + part.rows
                    raise UserError(
                        f"{name} has changed since: rows {start:,} to {stop - 1:,} hold other texts.", hint=_ANEW
                    )
            start += part.rows
        yield from windows

    def _write(self, done: DoneWindow, window: RowWindow, worker: Worker) -> None:
        """Write the table of a window as the next part, and let go of it."""
        task, rows = self._task, len(window.texts)
        gathered = Gathered(
            texts=done.texts,
            index=_labels(self._rows, window.start, rows),
            values=task.joined([task.packed(done.values)]),
            reasons=done.reasons,
            counts=done.counts,
            report=report_of(task.ready, worker),
            read_to_end=True,
            notes=(),
            recipe=None,
        )
        self._why.update(dict.fromkeys(done.reasons.values()))
        table = task.result(gathered).table(None, max(1, rows))
        task.start_anew()
        if self._rows.index is not None:
            table = replace(table, labels=_labels(self._rows))  # the type of the column is that of all
        cut = gathered.unread > 0
        part = Part(rows, _digest(window), int(cut.sum()), int(gathered.unread.sum()), int(gathered.doubtful.sum()))
        self._notes.update(dict.fromkeys(self._parts.add(table, part)))

    def _stored(self, worker: Worker) -> Stored:
        task, parts, run = self._task, self._parts, self._task.request.run
        notes, rows, head, nbytes = self._all_notes(worker), parts.rows, parts.first_rows(_HEAD_ROWS), parts.nbytes
        if self._ended:
            overwrite = run.overwrite or bool(self._begun and self._begun["overwrite"])
            nbytes = parts.join(overwrite=overwrite).stat().st_size
        return Stored(
            request=task.request,
            path=parts.target,
            rows=rows,
            total=rows if self._ended else self._rows.total,
            nbytes=nbytes,
            head=head,
            run=report_of(task.ready, worker),
            notes=tuple(notes),
            done=self._ended,
            recipe=self._recipe(),
        )

    def _recipe(self) -> Any:
        """What a program must know to write the same table; of the rows it is told which reasons there are."""
        reasons = Reasons(len(self._why) + 1, dict(enumerate(self._why)))
        return self._task.recipe(self._task.reading(self._objects, self._rows, reasons))

    def _all_notes(self, worker: Worker) -> list[str]:
        parts, card, account = self._parts, self._task.ready.card, worker.account
        notes = [*card.notes, *remarks(card, *_as_rows(parts.known), self._task.gives), *self._notes]
        if not self._ended:
            notes.insert(0, self._stopped())
        if account.out_of_memory:
            notes.append(halved(account.out_of_memory, worker.plan.batch_tokens))
        return [*notes, *self._rows.notes]

    def _stopped(self) -> str:
        kept, total = self._parts.rows, self._rows.total
        rows = count(kept, "row") if total is None else f"{kept:,} of {count(total, 'row')}"
        why = (self._failure or "Interrupted").rstrip(".")
        return f"{why}: {rows} {'is' if kept == 1 else 'are'} kept. Type the same again with `--resume` for the rest."


# --- what must still be true when a run goes on ---


def _facts(request: Any, rows: Rows) -> dict[str, Any]:
    """What the results depend on: the request but for its data, and what is known of these before they are read."""
    asked: dict[str, Any] = json.loads(request.to_json())
    asked |= asked.pop("run")
    for field in fields(request):
        if isinstance(getattr(request, field.name), DataRef) or field.name in ("model", "run"):
            asked.pop(field.name, None)
    asked = {name: value for name, value in asked.items() if name not in _IMMATERIAL}
    return {"request": asked, "rows": rows.total, "columns": _columns(request)}


def _refuse_other(parts: Parts, begun: dict[str, Any], facts: dict[str, Any], data: str) -> None:
    """Refuse to go on with another request, or with an input that is seen to be another."""
    before, now = begun["request"], facts["request"]
    for name in before.keys() & now.keys():
        if before[name] != now[name]:
            raise _another(parts, name, before[name], now[name])
    if begun["columns"] != facts["columns"]:
        raise UserError(f"{data} has changed since: it has other columns now.", hint=_ANEW)
    if begun["rows"] != facts["rows"]:
        had, has = (count(number or 0, "row") for number in (begun["rows"], facts["rows"]))
        raise UserError(f"{data} has changed since: it had {had}, and has {has} now.", hint=_ANEW)


def _refuse_other_model(parts: Parts, begun: dict[str, Any], facts: dict[str, Any], model: str) -> None:
    if begun["model"] != facts["model"]:
        raise UserError(
            f"{parts.target.name} was begun with another model than {model}, or another version of it.",
            hint=f"Give that one. {_ANEW}",
        )
    if begun["dtype"] != facts["dtype"]:
        raise _another(parts, "dtype", begun["dtype"], facts["dtype"])


def _another(parts: Parts, name: str, before: Any, now: Any) -> UserError:
    was, now = ("left out" if value is None else shown(value) for value in (before, now))
    option = f"`--{name.replace('_', '-')}`" if name != "task" else "the task"
    return UserError(
        f"{parts.target.name} was begun with another request: {option} was {was}, and is {now} now.",
        hint=f"Give what it was begun with. {_ANEW}",
    )


def _model_version(ready: Ready) -> str:
    """Something that changes when the weights do."""
    loaded = ready.loaded
    if ready.ref.kind == "bundled":
        return ready.ref.name
    if ready.card.revision is not None:
        return ready.card.revision
    if loaded.folder is not None:
        return _hash(repr(version_of(loaded.folder)))
    beginnings = (
        (name, tuple(weight.shape), weight.detach().flatten()[:64].float().cpu().tolist())
        for name, weight in loaded.model.named_parameters()
    )
    return _hash(repr(list(beginnings)))


def _digest(window: RowWindow) -> str:
    """Of the texts of a window, and of what is beside them."""
    texts = [[text, getattr(text, "context", None)] for text in window.texts]
    return _hash(json.dumps([texts, sorted(window.reasons.items())]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _input_name(request: Any) -> str:
    data = next(value for field in fields(request) if isinstance(value := getattr(request, field.name), DataRef))
    return "The text of the cell" if data.kind in ("lines", "whole") else Path(data.value).name


def _columns(request: Any) -> list[str] | None:
    """The columns of a Parquet file, and their types; None of any other input."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for field in fields(request):
        data = getattr(request, field.name)
        if isinstance(data, DataRef) and data.kind == "file" and data.value.lower().endswith(".parquet"):
            with suppress(OSError, pa.ArrowException):  # the reader says it better
                return [f"{column.name}: {column.type}" for column in pq.read_schema(data.value)]
    return None


# --- rows ---


def _labels(rows: Rows, start: int = 0, number: int | None = None) -> Any:
    """What the input calls its rows, or so many of them."""
    import pandas as pd

    if rows.index is None:
        return pd.RangeIndex(start, start + (number or 0))
    index = rows.index if isinstance(rows.index, pd.Index) else index_of(rows.index)
    return index if number is None else index[start : start + number]


def _as_rows(parts: Sequence[Part]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows that are remarked upon as those of all parts: int64 `[row]` unread tokens, bool `[row]` doubtful."""
    cut, unread, doubtful = (sum(getattr(part, name) for part in parts) for name in ("cut", "unread", "doubtful"))
    tokens = np.ones(cut, dtype=np.int64)
    tokens[:1] += unread - cut
    return tokens, np.ones(doubtful, dtype=bool)
