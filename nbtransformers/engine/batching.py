"""The one batcher: items sorted by length, cut by a token budget, run, and put back in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Items
from nbtransformers.engine.failures import why_failed
from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.engine.padding import Forward, Outputs, Padding, collate
from nbtransformers.engine.plan import Plan, Tuner
from nbtransformers.engine.threads import set_one_thread, torch_threads
from nbtransformers.interrupt import Stop

_WORTH_SPLITTING = 128  # tokens; below, threads cost more than they bring, and a busy machine makes them very slow
_GIVE_UP_AFTER = 8  # single items that fail before any succeeds: then it is the model, not a row

Chosen = NDArray[np.int64]
OnBatch = Callable[[Chosen, NDArray[Any]], None]


@dataclass(slots=True)
class Account:
    """What the batches of one run cost, added up.

    Attributes:
        batches: batches that were finished.
        tokens: tokens in them, padding not counted.
        pad_tokens: padding in them.
        out_of_memory: how often the budget was halved.
        interrupted: whether the user stopped the run.
        failures: item to the reason why the model has no output for it.
    """

    batches: int = 0
    tokens: int = 0
    pad_tokens: int = 0
    out_of_memory: int = 0
    interrupted: bool = False
    failures: dict[int, str] = field(default_factory=dict[int, str])


class Batcher:
    """Runs the items of one window after another through a model, and learns the best plan on the way.

    Args:
        forward: one batch through the model; may be called from several threads.
        tuner: chooses the plan.
        on_batch: told the items of each batch that is finished, and all outputs so far, from the calling thread.
        stop: asked before each batch whether to end.

    Example:
        >>> batcher = Batcher(forward, Tuner([Plan(512)]), lambda items, outputs: None)
        >>> outputs = batcher.run(items, Padding(token=0))
    """

    def __init__(self, forward: Forward, tuner: Tuner, on_batch: OnBatch, stop: Stop = lambda: False) -> None:
        self.forward = forward
        self.on_batch = on_batch
        self.stop = stop
        self._tuner = tuner
        self._ceiling: int | None = None
        self.account = Account()

    @property
    def plan(self) -> Plan:
        """The plan in use."""
        return self._limited(self._tuner.best)

    @property
    def settled(self) -> bool:
        """Whether the plan was chosen by trials, or by the user."""
        return self._tuner.settled

    def run(self, items: Items, padding: Padding) -> NDArray[Any]:
        """All items through the model.

        An interrupt ends the run and keeps what is finished. When memory runs out the budget is halved
        and the batch is cut anew. An item that the model cannot take is left out, with its reason in
        `account.failures`; when it can take none, its error is raised.

        Returns:
            float32 `[item, output]`, NaN where an item was not run; or, where the model gives a list, objects
            `[item]`, None where an item was not run.
        """
        run = _Run(self, items, padding)
        try:
            while run.left.size and not self.stop():
                plan, trial = self._tuner.next_plan(run.tokens_left)
                started, before = time.perf_counter(), self.account.tokens
                run.batches(self._limited(plan), trial)
                if trial:
                    self._tuner.record(plan, self.account.tokens - before, time.perf_counter() - started)
            self.account.interrupted |= self.stop()
        except KeyboardInterrupt:
            self.account.interrupted = True
        if run.last_error is not None and not self.account.batches and not is_out_of_memory(run.last_error):
            raise run.last_error
        return run.outputs

    def _limited(self, plan: Plan) -> Plan:
        return plan if self._ceiling is None else Plan(min(plan.batch_tokens, self._ceiling), plan.threads)

    def halve(self, width: int, rows: int) -> None:
        """Memory ran out on a batch of this size: stay below half of it from now on."""
        half = max(1, width * rows // 2)
        if self._ceiling is None or half < self._ceiling:
            self._ceiling = half
            self.account.out_of_memory += 1


class _Run:
    """One window's worth: which items are left, and what came out so far."""

    def __init__(self, batcher: Batcher, items: Items, padding: Padding) -> None:
        self._batcher, self._items, self._padding = batcher, items, padding
        self._lengths = items.lengths
        self._singles: set[int] = set()
        self.last_error: Exception | None = None
        self.left: Chosen = np.argsort(-self._lengths, kind="stable")
        self.outputs: NDArray[Any] = np.empty((len(self._lengths), 0), dtype=np.float32)

    @property
    def tokens_left(self) -> int:
        return int(self._lengths[self.left].sum())

    def batches(self, plan: Plan, trial: bool) -> None:
        """Run one batch a thread as a trial, or else all that is left."""
        chosen = self._take_from_middle(plan) if trial else self._take_all(plan)
        # One long text alone cannot be shared out: then all threads work on its products.
        alone = len(chosen) == 1 and self._lengths[chosen[0]].sum() > _WORTH_SPLITTING
        with torch_threads(plan.threads if alone else 1):
            outcomes = run_side_by_side(self._forward, chosen, plan.threads, self._batcher.stop)
            for number, (batch, outcome) in enumerate(outcomes, start=1):
                if not isinstance(outcome, Exception):
                    self._finished(batch, outcome)
                    continue
                self._failed(batch, outcome)
                if is_out_of_memory(outcome) and plan.threads == 1:
                    # The rest is as big: cut it anew rather than run out of memory at each.
                    self._put_back(*chosen[number:])
                    break

    def _forward(self, batch: Chosen) -> Outputs:
        return self._batcher.forward(collate(self._items, batch, self._padding))

    def _take_all(self, plan: Plan) -> list[Chosen]:
        # Little work is cut finer than the budget, so that every thread has some.
        budget = min(plan.batch_tokens, max(_WORTH_SPLITTING, -(-self.tokens_left // plan.threads)))
        batches = list(cut(self.left, self._lengths, budget, self._same_length, self._singles))
        self.left = self.left[:0]
        return batches

    def _take_from_middle(self, plan: Plan) -> list[Chosen]:
        # A trial is fair on texts of middling length: half of the tokens are in longer ones, half in shorter.
        tokens = self._lengths[self.left].cumsum()
        middle = int(np.searchsorted(tokens, tokens[-1] / 2))
        batches: list[Chosen] = []
        for batch in cut(self.left[middle:], self._lengths, plan.batch_tokens, self._same_length, self._singles):
            batches.append(batch)
            if len(batches) == plan.threads:
                break
        taken = sum(map(len, batches))
        self.left = np.delete(self.left, np.s_[middle : middle + taken])
        return batches

    @property
    def _same_length(self) -> bool:
        return self._padding.token is None

    def _finished(self, batch: Chosen, outputs: Outputs) -> None:
        if not self.outputs.size:
            self.outputs = _room_for(outputs, len(self._lengths))
        if isinstance(outputs, list):
            for item, output in zip(batch.tolist(), outputs, strict=True):
                self.outputs[item] = output
        else:
            self.outputs[batch] = outputs
        lengths, account = self._lengths[batch], self._batcher.account
        account.batches += 1
        account.tokens += int(lengths.sum())
        account.pad_tokens += int(lengths.max() * len(batch) - lengths.sum())
        self._batcher.on_batch(batch, self.outputs)

    def _failed(self, batch: Chosen, error: Exception) -> None:
        account, width = self._batcher.account, int(self._lengths[batch].max())
        if is_out_of_memory(error):
            free_cache()
        if len(batch) > 1:
            self._put_back(batch)
            if is_out_of_memory(error):
                self._batcher.halve(width, len(batch))
            else:
                self._singles.update(batch.tolist())
            return
        if not is_out_of_memory(error) and not account.batches and len(account.failures) >= _GIVE_UP_AFTER:
            raise error
        self.last_error = error
        account.failures[int(batch[0])] = why_failed(error, width)
        self._batcher.on_batch(batch, self.outputs)

    def _put_back(self, *batches: Chosen) -> None:
        left = np.concatenate([self.left, *batches])
        self.left = left[np.argsort(-self._lengths[left], kind="stable")]


def _room_for(outputs: Outputs, items: int) -> NDArray[Any]:
    """Room for the outputs of all items, of the kind that one batch has given."""
    if isinstance(outputs, list):
        return np.full(items, None, dtype=object)
    return np.full((items, outputs.shape[1]), np.nan, dtype=np.float32)


def cut(
    order: Chosen, lengths: NDArray[np.int64], budget: int, same_length: bool = False, singles: set[int] | None = None
) -> Iterator[Chosen]:
    """Cut items, sorted from long to short, into batches of at most `budget` tokens, padding included.

    A single item longer than the budget is a batch of its own.

    Args:
        order: item numbers, the longest first.
        lengths: int64 `[item]`.
        budget: rows · longest row of a batch is at most this.
        same_length: only items of equal length share a batch.
        singles: items that share a batch with none.

    Example:
        >>> [batch.tolist() for batch in cut(np.arange(4), np.array([5, 3, 3, 1]), budget=6)]
        [[0], [1, 2], [3]]
    """
    start = 0
    while start < len(order):
        width = int(lengths[order[start]])
        stop = start + max(1, budget // max(1, width))
        if same_length:
            stop = min(stop, start + int((lengths[order[start:stop]] == width).sum()))
        batch = order[start:stop]
        if singles and not singles.isdisjoint(batch.tolist()):
            batch = batch[:1]
        yield batch
        start += len(batch)


def run_side_by_side(
    forward: Callable[[Chosen], Outputs], batches: list[Chosen], threads: int, stop: Stop = lambda: False
) -> Iterator[tuple[Chosen, Outputs | Exception]]:
    """Each batch with its outputs or its error, as they are finished.

    `threads` run at a time, each in one thread. Once `stop` says so nothing new is begun; what is under
    way is finished and handed over first.
    """
    if threads == 1 or len(batches) == 1:
        yield from ((batch, _attempt(forward, batch)) for batch in batches if not stop())
    else:
        yield from _in_pool(forward, batches, threads, stop)


def _in_pool(
    forward: Callable[[Chosen], Outputs], batches: list[Chosen], threads: int, stop: Stop
) -> Iterator[tuple[Chosen, Outputs | Exception]]:
    waiting = iter(batches)
    running: dict[Future[Outputs | Exception], Chosen] = {}
    interrupt: KeyboardInterrupt | None = None
    with ThreadPoolExecutor(threads, thread_name_prefix="nbtransformers", initializer=set_one_thread) as pool:
        while True:
            going = interrupt is None and not stop()
            while going and len(running) < 2 * threads and (batch := next(waiting, None)) is not None:
                running[pool.submit(_attempt, forward, batch)] = batch
            if not going:
                _take_back(running)
            if not running:
                break
            try:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as error:
                interrupt = error
                continue
            for future in finished:
                yield running.pop(future), future.result()
    if interrupt is not None:
        raise interrupt


def _take_back(running: dict[Future[Outputs | Exception], Chosen]) -> None:
    """Those that wait for a thread; what has one is let finish."""
    for future in list(running):
        if future.cancel():
            del running[future]


def _attempt(forward: Callable[[Chosen], Outputs], batch: Chosen) -> Outputs | Exception:
    try:
        return forward(batch)
    except Exception as error:
        let_go(error)  # it is kept for a while, and the batch must be gone before the next one
        return error
