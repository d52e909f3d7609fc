"""Rows through a model, window by window: encode, batch, score, and say why a row has no score."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.batching import Account, Batcher
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.heads import ScoringHead
from nbtransformers.engine.linear import in_their_place, packed_linears
from nbtransformers.engine.padding import Padding, padding_for, padding_is_harmless, padding_token
from nbtransformers.engine.plan import Plan, Tuner, candidates
from nbtransformers.engine.threads import cpu_threads, torch_threads
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import OnProgress, Progress
from nbtransformers.request import RunOptions
from nbtransformers.results.rows import NOT_DONE, NOT_FINITE

_ROUNDING = 2e-5  # relative difference that another batch shape may make in float32
_HALF_ROUNDING = 5e-2
_ETA_AFTER = 0.5  # seconds; earlier it would only be a guess


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    """What is known of some rows.

    Attributes:
        texts: their texts.
        scores: float32 `[row, label]`; NaN where a row has none.
        reasons: number of the row in the whole input to the reason why it has no score.
        counts: int64 `[3, row]`: tokens read, tokens beyond the limit, tokens unknown to the tokenizer.
    """

    texts: list[str | None]
    scores: NDArray[np.float32]
    reasons: dict[int, str]
    counts: NDArray[np.int64]


class Scorer:
    """Scores one window of rows after another with one head; after an interrupt it scores no more.

    Args:
        head: texts to items, outputs to scores.
        loaded: the model that the head runs. What is learned about it (its best plan, whether it may be
            padded) is kept in its notes for the next call.
        options: how to run.
        total: rows in all windows, for the progress.
        on_progress: told after every batch.
    """

    def __init__(
        self, head: ScoringHead, loaded: LoadedModel, options: RunOptions, total: int | None, on_progress: OnProgress
    ) -> None:
        self._head, self._loaded = head, loaded
        self._total, self._on_progress = total, on_progress
        self._done = 0
        self._started = time.perf_counter()
        self._threads = cpu_threads()
        # A user's own model may be on another device at the next call.
        self._plan_key = ("plan", loaded.device, loaded.dtype, options.batch_tokens, options.threads, self._threads)
        self._unfinished: _Unfinished | None = None
        self._batcher = Batcher(head.forward, self._tuner(options), self._batch_done)
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

    def score(self, window: RowWindow) -> ScoredWindow:
        """Score the rows of a window. A row without a score has a reason."""
        rows = len(window.texts)
        readable = [row for row in range(rows) if row not in window.reasons]
        scores = np.full((rows, len(self._head.labels)), np.nan, dtype=np.float32)
        counts = np.zeros((3, rows), dtype=np.int64)
        reasons = {window.start + row: reason for row, reason in window.reasons.items()}
        self._done += len(window.reasons)
        self._report()
        if readable and not self.account.interrupted:
            try:
                self._score_readable(window, readable, scores, counts, reasons)
            except KeyboardInterrupt:
                self.account.interrupted = True
            except UserError:
                raise
            except Exception as error:
                raise _model_fails(self._loaded.name, error) from error
        without = ~np.isfinite(scores).all(axis=1)
        scores[without] = np.nan
        for row in np.flatnonzero(without).tolist():
            reason = reasons.setdefault(window.start + row, NOT_DONE if self.account.interrupted else NOT_FINITE)
            if reason == NOT_DONE:
                counts[:, row] = 0  # nothing of it was read
        if self._batcher.settled and not self.account.out_of_memory:
            self._loaded.notes[self._plan_key] = self.plan
        return ScoredWindow(window.texts, scores, reasons, counts)

    def _score_readable(
        self,
        window: RowWindow,
        readable: list[int],
        scores: NDArray[np.float32],
        counts: NDArray[np.int64],
        reasons: dict[int, str],
    ) -> None:
        rows = [window.start + row for row in readable]
        items = self._head.encode([window.texts[row] or "" for row in readable], rows)
        self._unfinished = unfinished = _Unfinished(items, len(readable))
        padding = padding_for(self._loaded, items)
        packed = packed_linears(self._loaded, int(items.tokens.sum()))
        with padding_token(self._loaded.model, padding.token), in_their_place(packed):
            outputs = self._batcher.run(items, self._checked(padding, items))
        counts[:, readable] = unfinished.by_row(np.stack([items.tokens, items.unread, items.unknown]))
        if outputs.shape[1]:
            scores[readable] = self._head.scores(mean_by_owner(outputs, items))
        for item, reason in self.account.failures.items():
            reasons[rows[unfinished.row_of(item)]] = reason
        self.account.failures.clear()

    def _checked(self, padding: Padding, items: Items) -> Padding:
        harmless = self._loaded.notes.get("padding is harmless")
        if padding.token is not None and harmless is None:
            tolerance = _HALF_ROUNDING if "16" in self._loaded.dtype else _ROUNDING
            with torch_threads(1):
                harmless = padding_is_harmless(self._head.forward, items, padding, tolerance)
        if harmless is not None:  # what could not be tried is tried with the next texts
            self._loaded.notes["padding is harmless"] = harmless
            self.padded = harmless
        return padding if padding.token is not None and harmless else Padding(None)

    def _batch_done(self, batch: NDArray[np.int64]) -> None:
        assert self._unfinished is not None
        self._done += self._unfinished.finish(batch)
        self._report()

    def _report(self) -> None:
        seconds, tokens, done = self.seconds, self.account.tokens, self._done
        progress = Progress(
            "running",
            f"{self._loaded.name} on {self._loaded.device}",
            done,
            self._total,
            tokens_per_s=tokens / seconds if tokens else None,
            eta_s=seconds * (self._total - done) / done if self._total and done and seconds > _ETA_AFTER else None,
        )
        self._on_progress(progress)


def _model_fails(name: str, error: Exception) -> UserError:
    first = (str(error).strip().splitlines() or [""])[0][:160]
    return UserError(
        f"{name} fails on these texts: {type(error).__name__}: {first.rstrip('.')}.",
        hint="Call it on one of them in plain Transformers to see where.",
    )


class _Unfinished:
    """Which rows of a window still wait for items. A row owns one unit, or one a label; a unit one item, or several."""

    def __init__(self, items: Items, rows: int) -> None:
        self._units = len(items.tokens) // rows
        self._row_of_item = items.owner // self._units
        self._left = np.bincount(self._row_of_item, minlength=rows)

    def row_of(self, item: int) -> int:
        return int(self._row_of_item[item])

    def by_row(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts `[3, unit]` to `[3, row]`: the units of a row hold the same text, so the largest stands for all."""
        return counts.reshape(len(counts), -1, self._units).max(axis=2)

    def finish(self, batch: NDArray[np.int64]) -> int:
        """Take a batch off; how many rows that finished."""
        rows = self._row_of_item[batch]
        np.subtract.at(self._left, rows, 1)
        return int((self._left[np.unique(rows)] == 0).sum())


def mean_by_owner(outputs: NDArray[np.float32], items: Items) -> NDArray[np.float64]:
    """The mean output of each unit's windows, weighted by their length: `[item, output]` to `[unit, output]`."""
    units = len(items.tokens)
    if len(items.owner) == units:
        return outputs.astype(np.float64)
    mean = np.zeros((units, outputs.shape[1]))
    np.add.at(mean, items.owner, outputs * items.weight[:, None])
    return mean
