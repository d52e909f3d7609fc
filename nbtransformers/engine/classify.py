"""ClassifyRequest in, Classification out."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtransformers.engine.device import pick_device, pick_dtype
from nbtransformers.engine.heads import ScoringHead, head_for, needed_head
from nbtransformers.engine.remarks import remarks
from nbtransformers.engine.scoring import ScoredWindow, Scorer
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import read
from nbtransformers.loading.bundled import BUNDLED_ENCODER, BUNDLED_SENTIMENT
from nbtransformers.loading.models import Card, card, load
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import OnProgress, Pace, Progress, silent
from nbtransformers.request import ClassifyRequest, ModelRef, Objects
from nbtransformers.results.classification import Classification
from nbtransformers.results.run import RunReport

WINDOW_ROWS = 20_000  # enough for well-filled batches, little enough to hold in memory


def classify(request: ClassifyRequest, objects: Objects, on_progress: OnProgress = silent) -> Classification:
    """Label every text of a request.

    An interrupt ends the work and keeps what is finished: the other rows have a reason and no score.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.

    Raises:
        UserError: when the texts cannot be read or the model cannot be used.

    Example:
        >>> classify(ClassifyRequest(DataRef("lines", "Good film.")), {}).totals
        {'negative': 0, 'positive': 1}
    """
    rows = read(request.data, objects)
    ready = _prepare(request, objects, on_progress)
    # The lock: nobody re-configures the model while it is at work.
    with ready.loaded.lock, _evaluating(ready.loaded.model):
        scorer = Scorer(ready.head, ready.loaded, request.run, rows.total, Pace(on_progress))
        windows = [scorer.score(window) for window in rows.windows(WINDOW_ROWS)]
        report = _report(ready, scorer)
    return _assembled(request, ready, windows, rows.index, report, scorer.padded)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A model that is loaded, and the head for the request."""

    card: Card
    loaded: LoadedModel
    head: ScoringHead
    load_seconds: float


def _prepare(request: ClassifyRequest, objects: Objects, on_progress: OnProgress) -> _Ready:
    def on_load(message: str) -> None:
        on_progress(Progress("loading", message))

    on_load("Starting")
    ref = request.model or ModelRef("bundled", BUNDLED_SENTIMENT if request.labels is None else BUNDLED_ENCODER)
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
    return _Ready(described, loaded, head_for(request, described, loaded), loaded.load_seconds if fresh else 0.0)


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


def _report(ready: _Ready, scorer: Scorer) -> RunReport:
    account, loaded = scorer.account, ready.loaded
    return RunReport(
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
    )


def _assembled(
    request: ClassifyRequest, ready: _Ready, windows: list[ScoredWindow], index: Any, run: RunReport, padded: bool
) -> Classification:
    texts = tuple(text for window in windows for text in window.texts)
    reasons = {row: reason for window in windows for row, reason in window.reasons.items()}
    counts = np.concatenate([np.empty((3, 0), dtype=np.int64), *(window.counts for window in windows)], axis=1)
    labels = ready.head.labels
    notes = remarks(ready.card, texts, reasons, counts)
    if not padded:
        notes.append(f"Padding would change the scores of {run.model}: every batch held texts of one length.")
    return Classification(
        request=request,
        texts=texts,
        index=index,
        labels=labels,
        scores=np.concatenate([np.empty((0, len(labels)), dtype=np.float32), *(window.scores for window in windows)]),
        reasons=reasons,
        problem=ready.head.problem,
        tokens=counts[0],
        unread=counts[1],
        run=run,
        notes=tuple(notes),
        method=ready.head.method,
    )
