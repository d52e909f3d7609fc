"""The worker of every task that reads a text in one go: encode, batch, score, and say why a row has no value."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.batching import Account, Batcher
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.failures import first_line
from nbtransformers.engine.linear import in_their_place, packed_linears
from nbtransformers.engine.padding import Inputs, Outputs, Padding, padding_for, padding_is_harmless, padding_token
from nbtransformers.engine.plan import Plan, Tuner, candidates
from nbtransformers.engine.remarks import in_another_script, too_many_unknown
from nbtransformers.engine.rowtask import COUNTS, DoneWindow, Hooks, RowTask, has_value
from nbtransformers.engine.threads import cpu_threads, torch_threads
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.loading.card import Card
from nbtransformers.progress import under_way
from nbtransformers.request import RunOptions
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE, NOT_FINITE
from nbtransformers.results.texts import Texts

_ROUNDING = 2e-5  # relative difference that another batch shape may make in float32
_HALF_ROUNDING = 5e-2
R = TypeVar("R")
H = TypeVar("H", bound="RowHead")


class RowHead(Protocol):
    """Texts to items, a batch to outputs, outputs to values."""

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        """The items of some texts, whose row numbers are for errors; a text may own several units, one a label."""
        ...

    def forward(self, inputs: Inputs) -> Outputs:
        """One batch through the model; several threads may call it at once."""
        ...

    def values(self, outputs: NDArray[Any], items: Items) -> NDArray[Any]:
        """What the outputs of all items make of each text: NaN, or None, where some of its outputs are not there."""
        ...

    def empty(self, rows: int) -> NDArray[Any]:
        """The values of so many rows of which nothing is known."""
        ...


class HeadTask(RowTask[R], Generic[R, H]):
    """A task that a head does. It sets `head` once the model is ready."""

    head: H

    def empty(self, rows: int) -> NDArray[Any]:
        """As the head has it."""
        return self.head.empty(rows)

    def worker(self, hooks: Hooks) -> Scorer:
        """A scorer with the head."""
        return Scorer(self, hooks)

    def refusals(self, texts: Sequence[str]) -> dict[int, str]:
        """Which of some texts the head is not to see, and why: their place among them to the reason."""
        return {}


class Scorer:
    """Scores one window of rows after another with one head; once it is to stop it scores no more.

    Args:
        task: whose head: texts to items, outputs to scores. What is learned about its model (its best plan, whether
            it may be padded) is kept in the model's notes for the next call.
        hooks: what it tells and asks while it works.
    """

    def __init__(self, task: HeadTask[Any, Any], hooks: Hooks) -> None:
        self._head: RowHead = task.head
        self._card, self._loaded, self._refusals, self._hooks = task.ready.card, task.ready.loaded, task.refusals, hooks
        loaded, head, options = self._loaded, self._head, task.request.run
        self._done = 0
        self._started = time.perf_counter()
        self._threads = cpu_threads()
        # A user's own model may be on another device at the next call.
        self._plan_key = ("plan", loaded.device, loaded.dtype, options.batch_tokens, options.threads, self._threads)
        self._under_way: _UnderWay | None = None
        self._batcher = Batcher(head.forward, self._tuner(options), self._batch_done, hooks.stop)
        self.padded = True

    def _tuner(self, options: RunOptions) -> Tuner:
        known = self._loaded.notes.get(self._plan_key)
        if known is not None:
            return Tuner([known])
        return Tuner(candidates(self._loaded.device, self._threads, options.batch_tokens, options.threads))

    @property
    def account(self) -> Account:
        """What the batches cost so far."""
        return self._batcher.account

    @property
    def plan(self) -> Plan:
        """The plan in use."""
        return self._batcher.plan

    @property
    def seconds(self) -> float:
        """Since the scorer was made."""
        return time.perf_counter() - self._started

    @property
    def stopping(self) -> bool:
        """Whether the user has asked to stop."""
        self.account.interrupted |= self._batcher.stop()
        return self.account.interrupted

    def end(self) -> None:
        """Score no more, as after an interrupt."""
        self.account.interrupted = True

    def do(self, window: RowWindow, known: DoneWindow | None = None) -> DoneWindow:
        """Score the rows of a window. A row without a value has a reason.

        Args:
            window: the rows.
            known: the same rows as an earlier run left them: those that it finished stay as they are.
        """
        state = _UnderWay(window if self.stopping else self._refused(window), self._head, self._card, known)
        self._done += len(window.texts) - len(state.rows)
        self._report()
        if len(state.rows) and not self.stopping:
            self._under_way = state
            try:
                self._score_rows(state)
            except KeyboardInterrupt:
                self.account.interrupted = True
            finally:
                self._under_way = None
        if self._batcher.settled and not self.account.out_of_memory:
            self._loaded.notes[self._plan_key] = self.plan
        return state.as_it_stands(NOT_DONE if self.account.interrupted else NOT_FINITE)

    def _refused(self, window: RowWindow) -> RowWindow:
        """A window, with the reasons of the texts that the head is not to see."""
        asked = [row for row in range(len(window.texts)) if row not in window.reasons]
        refused = self._refusals([window.texts[row] or "" for row in asked])
        return replace(window, reasons=window.reasons | {asked[number]: why for number, why in refused.items()})

    def _score_rows(self, state: _UnderWay) -> None:
        try:
            items = state.encoded()
            padding = padding_for(self._loaded, items)
            packed = packed_linears(self._loaded, int(items.tokens.sum()))
            with padding_token(self._loaded.model, padding.token), in_their_place(packed):
                state.outputs = self._batcher.run(items, self._checked(padding, items))
        except UserError:
            raise
        except Exception as error:
            raise _model_fails(self._loaded.name, error) from error
        finally:
            state.failed |= self.account.failures
            self.account.failures.clear()

    def _checked(self, padding: Padding, items: Items) -> Padding:
        harmless = self._loaded.notes.get("padding is harmless")
        if padding.token is not None and harmless is None:
            tolerance = _ROUNDING if self._loaded.dtype == "float32" else _HALF_ROUNDING
            with torch_threads(1):
                harmless = padding_is_harmless(self._head.forward, items, padding, tolerance)
        if harmless is not None:  # what could not be tried is tried with the next texts
            self._loaded.notes["padding is harmless"] = harmless
            self.padded = harmless
        return padding if padding.token is not None and harmless else Padding(None)

    def _batch_done(self, batch: NDArray[np.int64], outputs: NDArray[Any]) -> None:
        state = self._under_way
        assert state is not None
        self._done += state.finish(batch)
        state.outputs = outputs
        self._report()
        self._hooks.on_rows(lambda: state.as_it_stands(NOT_DONE))

    def _report(self) -> None:
        where = f"{self._loaded.name} on {self._loaded.device}"
        self._hooks.on_progress(under_way(where, self._done, self._hooks.total, self.account.tokens, self.seconds))


def _model_fails(name: str, error: Exception) -> UserError:
    return UserError(
        f"{name} fails on these texts: {type(error).__name__}: {first_line(error, 160).rstrip('.')}.",
        hint="Call it on one of them in plain Transformers to see where.",
    )


class _UnderWay:
    """One window while it is scored: which rows still wait for items, and what came out so far."""

    def __init__(self, window: RowWindow, head: RowHead, card: Card, known: DoneWindow | None) -> None:
        rows = len(window.texts)
        self._window, self._head, self._card, self._known = window, head, card, known
        waiting = np.ones(rows, dtype=bool) if known is None else ~known.reasons.done
        waiting[list(window.reasons)] = False
        self.rows = np.flatnonzero(waiting)
        self.outputs: NDArray[Any] = np.empty((0, 0), dtype=np.float32)
        self.failed: dict[int, str] = {}
        self._unreadable: dict[int, str] = {}
        self._items: Items | None = None

    def encoded(self) -> Items:
        """The items of the rows. A row that the tokenizer fails on has that for its reason, and is left out."""
        try:
            self._items = self._encode(self.rows)
        except UserError:
            raise
        except Exception as error:
            self._leave_out_failing(error)
            self._items = self._encode(self.rows)
        self._units = len(self._items.tokens) // len(self.rows)
        self._row_of_item = self._items.owner // self._units
        self._left = np.bincount(self._row_of_item, minlength=len(self.rows))
        return self._items

    def _encode(self, rows: NDArray[np.int64]) -> Items:
        texts = [self._window.texts[row] or "" for row in rows.tolist()]
        return self._head.encode(texts, (self._window.start + rows).tolist())

    def _leave_out_failing(self, error: Exception) -> None:
        for row in self.rows.tolist():
            try:
                self._encode(np.array([row]))
            except Exception as failure:
                self._unreadable[row] = f"the tokenizer failed: {type(failure).__name__}: {first_line(failure)}"
        if len(self._unreadable) == len(self.rows):
            raise error
        self.rows = self.rows[[row not in self._unreadable for row in self.rows.tolist()]]

    def finish(self, batch: NDArray[np.int64]) -> int:
        """Take a batch off; how many rows that finished."""
        rows = self._row_of_item[batch]
        np.subtract.at(self._left, rows, 1)
        return int((self._left[np.unique(rows)] == 0).sum())

    def as_it_stands(self, without: str) -> DoneWindow:
        """What is known by now; a row that has no output for no other reason gets `without` as its reason."""
        values, counts, reasons = self._begun()
        if self._items is not None:
            items = self._items
            tokens, unread, unknown = self._by_row(np.stack([items.tokens, items.unread, items.unknown]))
            counts[:, self.rows] = tokens, unread, self._is_foreign[self.rows] | too_many_unknown(tokens, unknown)
            if self.outputs.size:
                values[self.rows] = self._head.values(self.outputs, items)
            for item, reason in self.failed.items():
                reasons[int(self.rows[self._row_of_item[item]])] = reason
        missing = ~has_value(values)
        values[missing] = self._head.empty(int(missing.sum()))
        for row in np.flatnonzero(missing).tolist():
            if reasons.setdefault(row, without) == NOT_DONE:
                counts[:2, row] = 0  # nothing of it was read
        return DoneWindow(self._texts, values, Reasons(len(values), reasons), counts)

    def _begun(self) -> tuple[NDArray[Any], NDArray[np.int32], dict[int, str]]:
        rows, known = len(self._window.texts), self._known
        if known is None:
            counts = np.zeros((len(COUNTS), rows), dtype=np.int32)
            counts[2] = self._is_foreign
            return self._head.empty(rows), counts, {**self._window.reasons, **self._unreadable}
        kept = {row: reason for row, reason in known.reasons.items() if reason != NOT_DONE}
        return known.values.copy(), known.counts.copy(), {**kept, **self._unreadable}

    @cached_property
    def _texts(self) -> Texts:
        return Texts(self._window.texts)

    @cached_property
    def _is_foreign(self) -> NDArray[np.bool_]:
        return in_another_script(self._card, self._window.texts)

    def _by_row(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts `[3, unit]` to `[3, row]`: the units of a row hold the same text, so the largest stands for all."""
        return counts.reshape(len(counts), -1, self._units).max(axis=2)


def mean_by_owner(outputs: NDArray[np.float32], items: Items) -> NDArray[np.float64]:
    """The mean output of each unit's windows, weighted by their length: `[item, output]` to `[unit, output]`."""
    units = len(items.tokens)
    if len(items.owner) == units:
        return outputs.astype(np.float64)
    mean = np.zeros((units, outputs.shape[1]))
    np.add.at(mean, items.owner, outputs * items.weight[:, None])
    return mean
