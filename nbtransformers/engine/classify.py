"""ClassifyRequest in, Classification out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.device import pick_device, pick_dtype
from nbtransformers.engine.heads import ScoringHead, head_for, needed_head
from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.engine.recipe import classify_recipe
from nbtransformers.engine.remarks import halved, remarks, stopped
from nbtransformers.engine.resuming import RestOfRows, remember, rows_in_memory
from nbtransformers.engine.scoring import COUNTS, ScoredWindow, Scorer
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, RowWindow, read
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.bundled import BUNDLED_ENCODER, BUNDLED_SENTIMENT
from nbtransformers.loading.card import Card, card
from nbtransformers.loading.models import load
from nbtransformers.loading.named import naming_default
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import Glimpses, OnPartial, OnProgress, Pace, Progress, silent
from nbtransformers.request import ClassifyRequest, ModelRef, Objects
from nbtransformers.results.classification import Classification
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Recipe
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

_log = logging.getLogger(__name__)

WINDOW_ROWS = 20_000  # enough for well-filled batches, little enough to hold in memory


def classify(
    request: ClassifyRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Classification:
    """Label every text of a request.

    An interrupt ends the work and keeps what is finished: the other rows have a reason and no score. So does
    whatever fails once some rows are finished; before, it is raised.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.
        on_partial: shown the result as it stands, a few times a second and for a small share of the time.

    Raises:
        UserError: when the texts cannot be read or the model cannot be used.

    Example:
        >>> classify(ClassifyRequest(DataRef("lines", "Good film.")), {}).totals
        {'negative': 0, 'positive': 1}
    """
    rows = read(request.data, objects)
    return _run(_Work(request, objects, rows), on_progress, on_partial)


def resume(
    before: Classification, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Classification:
    """Finish what an interrupt left of a result: what `classify` would have given, without doing anything twice.

    Args:
        before: the unfinished result.
        objects: what its request's `variable` references name.
        on_progress: as for `classify`.
        on_partial: as for `classify`.

    Raises:
        UserError: also when the input is not what it was.
    """
    rows = RestOfRows.of(before, objects)
    return _run(_Work(before.request, objects, rows, before), on_progress, on_partial)


def recipe(request: ClassifyRequest, objects: Objects, on_progress: OnProgress = silent) -> Recipe:
    """What a plain program must know to do the same; the model is loaded for it, and no text is read.

    Raises:
        UserError: when the model cannot be used.
    """
    ready = _prepare(request, objects, on_progress)
    reading = reading_of(request.data, objects)
    return classify_recipe(reading, ready.ref, ready.loaded, ready.head.recipe)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done: the rows, and what an earlier run has found out about the first of them."""

    request: ClassifyRequest
    objects: Objects
    rows: Rows
    before: Classification | None = None

    def known(self, window: RowWindow) -> ScoredWindow | None:
        """What the earlier run has found out about a window."""
        before, rows = self.before, slice(window.start, window.start + len(window.texts))
        if before is None or rows.stop > len(before):
            return None
        counts = np.stack([before.tokens[rows], before.unread[rows], before.doubtful[rows]]).astype(np.int32)
        reasons = before.reasons.part(rows.start, rows.stop)
        return ScoredWindow(Texts(window.texts), before.scores[rows], reasons, counts)


def _run(work: _Work, on_progress: OnProgress, on_partial: OnPartial | None) -> Classification:
    ready = _prepare(work.request, work.objects, on_progress)
    # The lock: nobody re-configures the model while it is at work.
    with ready.loaded.lock, _evaluating(ready.loaded.model), deferred_interrupts() as stop:
        gathered = _Gathered(work, ready)
        glimpses = Glimpses(on_partial)

        def on_rows(under_way: Callable[[], ScoredWindow]) -> None:
            glimpses(lambda: gathered.result(scorer, under_way()))

        scorer = Scorer(
            ready.head, ready.card, ready.loaded, work.request.run, work.rows.total, Pace(on_progress), stop, on_rows
        )
        gathered.score_all(scorer)
        result = gathered.result(scorer)
    remember(result, work.objects)
    return result


@dataclass(frozen=True, slots=True)
class _Ready:
    """A model that is loaded, and the head for the request."""

    ref: ModelRef
    card: Card
    loaded: LoadedModel
    head: ScoringHead
    load_seconds: float


def _prepare(request: ClassifyRequest, objects: Objects, on_progress: OnProgress) -> _Ready:
    def on_load(message: str) -> None:
        on_progress(Progress("loading", message))

    on_load("Starting")
    ref = request.model or ModelRef("bundled", BUNDLED_SENTIMENT if request.labels is None else BUNDLED_ENCODER)
    with naming_default(ref):
        described = card(ref, objects, on_load)
        needed = needed_head(request, described)
    device = pick_device(request.run.device)
    loaded, fresh = load(
        ref,
        objects,
        needed,
        device=device,
        dtype=pick_dtype(request.run.dtype, device),
        tokenizer=request.tokenizer,
        on_load=on_load,
    )
    if ref.kind == "variable":
        _refuse_other_place(request, loaded)
    return _Ready(ref, described, loaded, head_for(request, described, loaded), loaded.load_seconds if fresh else 0.0)


def _refuse_other_place(request: ClassifyRequest, loaded: LoadedModel) -> None:
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


@contextmanager
def _evaluating(model: Any) -> Generator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


class _Gathered:
    """The windows that were scored, and the result that they make."""

    def __init__(self, work: _Work, ready: _Ready) -> None:
        self._work, self._ready = work, ready
        self._windows: list[ScoredWindow] = []
        self._rows = 0
        self._failure: str | None = None
        self._read_to_end = False

    def score_all(self, scorer: Scorer) -> None:
        """Score window after window. After an interrupt, rows in memory are still listed; a file is not read on."""
        try:
            self._score_rest(scorer)
        except KeyboardInterrupt:  # a second one, at any moment
            scorer.end()
            self._score_rest(scorer)
        except Exception as error:  # the input fails on the way: what is finished is kept
            self._keep(scorer, error)
        self._read_to_end |= self._rows == self._work.rows.total

    def _score_rest(self, scorer: Scorer) -> None:
        held = rows_in_memory(self._work.rows)
        for window in self._work.rows.windows(WINDOW_ROWS, self._rows):
            if scorer.stopping and window.start >= held:
                return
            self._add(self._scored(scorer, window))
        self._read_to_end = True

    def _scored(self, scorer: Scorer, window: RowWindow) -> ScoredWindow:
        known = self._work.known(window)
        try:
            return scorer.score(window, known)
        except Exception as error:
            self._keep(scorer, error)
            return scorer.score(window, known)  # it ends here: this only says which rows are left

    def _keep(self, scorer: Scorer, error: Exception) -> None:
        if not any(np.isfinite(window.scores).any() for window in self._windows):
            raise error
        if not isinstance(error, UserError):
            _log.error("Stopped at row %s", self._rows, exc_info=error)
        self._failure = f"Stopped at row {self._rows:,}: {error}"
        scorer.end()

    def _add(self, window: ScoredWindow) -> None:
        self._windows.append(window)
        self._rows += len(window.texts)

    def result(self, scorer: Scorer, under_way: ScoredWindow | None = None) -> Classification:
        """All rows so far; with a window under way a glimpse, which needs no notes."""
        windows = [*self._windows, *([under_way] if under_way else [])]
        ready, rows = self._ready, self._work.rows
        labels = ready.head.labels
        counts = np.concatenate([np.empty((len(COUNTS), 0), dtype=np.int32), *(window.counts for window in windows)], 1)
        reasons = Reasons.joined(window.reasons for window in windows)
        unread, doubtful = counts[1].astype(np.int64), counts[2] > 0
        report = _report(ready, scorer, self._work.before)
        notes = [] if under_way else [*self._notes(scorer, reasons, unread, doubtful), *rows.notes]
        return Classification(
            request=self._work.request,
            texts=Texts.joined(window.texts for window in windows),
            index=rows.index,
            labels=labels,
            scores=np.concatenate([np.empty((0, len(labels)), np.float32), *(window.scores for window in windows)]),
            reasons=reasons,
            problem=ready.head.problem,
            tokens=counts[0].astype(np.int64),
            unread=unread,
            doubtful=doubtful,
            run=report,
            read_to_end=self._read_to_end,
            notes=tuple(notes),
            method=ready.head.method,
            recipe=None if under_way else self._recipe(reasons),
        )

    def _recipe(self, reasons: Reasons) -> Recipe:
        work, ready = self._work, self._ready
        before = work.before.recipe if work.before else None
        if before:
            reading = with_reasons(before.reading, reasons)
        else:
            reading = reading_of(work.request.data, work.objects, work.rows, reasons)
        return classify_recipe(reading, ready.ref, ready.loaded, ready.head.recipe)

    def _notes(
        self, scorer: Scorer, reasons: Reasons, unread: NDArray[np.int64], doubtful: NDArray[np.bool_]
    ) -> list[str]:
        notes = [*self._ready.card.notes, *remarks(self._ready.card, unread, doubtful)]
        if not (self._read_to_end and reasons.done.all()):
            notes.insert(0, stopped(self._failure or "Interrupted", reasons, self._read_to_end))
        if scorer.account.out_of_memory:
            notes.append(halved(scorer.account.out_of_memory, scorer.plan.batch_tokens))
        if not scorer.padded:
            name = self._ready.loaded.name
            notes.append(f"Padding would change the scores of {name}: every batch held texts of one length.")
        return notes


def _report(ready: _Ready, scorer: Scorer, before: Classification | None) -> RunReport:
    account, loaded = scorer.account, ready.loaded
    report = RunReport(
        model=loaded.name,
        device=loaded.device,
        dtype=loaded.dtype,
        threads=scorer.plan.threads,
        batch_tokens=scorer.plan.batch_tokens,
        batches=account.batches,
        tokens=account.tokens,
        pad_tokens=account.pad_tokens,
        load_seconds=ready.load_seconds,
        seconds=scorer.seconds,
        out_of_memory=account.out_of_memory,
        revision=ready.card.revision,
    )
    return report if before is None else report.after(before.run)
