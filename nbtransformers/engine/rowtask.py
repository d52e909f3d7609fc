"""What a task on rows is: which model it needs, what does its rows, and what result they make.

`running` does the rest: it loads the model, goes window by window, stops well, and keeps what is finished.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.batching import Account
from nbtransformers.engine.device import pick_device, pick_dtype
from nbtransformers.engine.plan import Plan
from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.engine.remarks import remarks, stopped
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, RowWindow, read
from nbtransformers.interrupt import Stop
from nbtransformers.loading.card import Card, card
from nbtransformers.loading.models import Head, load
from nbtransformers.loading.named import naming_default
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.room import said
from nbtransformers.progress import OnProgress, Progress
from nbtransformers.request import ModelRef, Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

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
        recipe: what a plain program must know to give the same result; None while the work goes on.
    """

    texts: Texts
    index: Any
    values: Any
    reasons: Reasons
    counts: NDArray[np.int32]
    report: RunReport
    read_to_end: bool
    notes: tuple[str, ...]
    recipe: Any

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
    def kept(self, before: Any, row: int) -> Any:
        """The value that an earlier result holds of a row that it finished."""

    def counted(self, before: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """What an earlier result counted of its rows, each `[row]`, as `COUNTS` names them."""
        return before.tokens, before.unread, before.doubtful

    @abstractmethod
    def result(self, gathered: Gathered) -> R:
        """The result that the rows make."""

    def reading(self, objects: Objects, rows: Any = None, reasons: Reasons | None = None, before: Any = None) -> Any:
        """How the texts are read, for a program: a `Reading`, or what a task on several texts a row has of them.

        Args:
            objects: what the request's `variable` references name.
            rows: what they were read as; None looks where they come from.
            reasons: why some of the rows have no value.
            before: the recipe of the result that is resumed.
        """
        if before is not None and reasons is not None:
            return with_reasons(before.reading, reasons)
        return reading_of(self.request.data, objects, rows, reasons)

    @abstractmethod
    def recipe(self, reading: Any) -> Any:
        """What a plain program must know to give the same result: the recipe of the task.

        Args:
            reading: how the texts are read, as `reading` says it.

        Raises:
            UserError: as when the result is made.
        """

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
        memory_budget=request.run.budget,
        on_load=on_load,
    )
    described = with_room_made(described, loaded, fresh)
    if ref.kind == "variable":
        _refuse_other_place(request, loaded)
    return Ready(ref, described, loaded, loaded.load_seconds if fresh else 0.0)


def with_room_made(described: Card, loaded: LoadedModel, fresh: bool) -> Card:
    """The card of a model that also says which others left memory when it was loaded."""
    if not (fresh and loaded.made_room):
        return described
    return replace(described, notes=(*described.notes, said(loaded.made_room)))


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


def has_value(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Bool `[row]`: which rows have a value."""
    if values.dtype == object:
        return np.fromiter((value is not None for value in values), dtype=bool, count=len(values))
    return np.asarray(np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
