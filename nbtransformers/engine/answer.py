"""AnswerRequest in, Answers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.answers import AnswerWindow, Spans, best_spans
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.padding import Inputs, tensors_of
from nbtransformers.engine.pairs import PairEncoder, PairItems
from nbtransformers.engine.pairsides import Sides
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import DoneWindow, Gathered, Hooks, RowTask
from nbtransformers.engine.scoring import HeadTask, Scorer
from nbtransformers.errors import UserError
from nbtransformers.inputs.pairs import PairRows, read_pairs
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.loading.card import Card, refuse_other_head
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import AnswerRequest, ModelRef, Objects
from nbtransformers.results.answers import ANSWER, Answers
from nbtransformers.results.pairs import Pair, Pairs
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import AnswerRecipe
from nbtransformers.results.texts import Texts

_NO_SPAN = "no context: the tokenizer makes nothing of it"

Value = tuple[NDArray[Any], float]
"""The answers of a row, records of `ANSWER`, and the score of there being none."""


class AnswerHead:
    """Pairs to windows, windows to start and end logits, logits to the best spans."""

    def __init__(self, request: AnswerRequest, loaded: LoadedModel) -> None:
        self._request, self._loaded = request, loaded
        self.encoder = PairEncoder(loaded, request.run, request.max_answer_length)
        # The spans of the texts whose windows are all done: a glimpse asks for them again and again.
        self._spans: tuple[Items | None, dict[int, Value | None]] = (None, {})

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> PairItems:
        return self.encoder.encode(texts, [cast("Pair", text).context or "" for text in texts], rows)

    def forward(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Start and end logits `[2, token]` of each item, without those of padding."""
        import torch

        with torch.inference_mode():
            tensors = tensors_of(inputs, self._loaded.device)
            output = self._loaded.model(**tensors)
            logits = torch.stack([output.start_logits, output.end_logits], dim=1).float().cpu().numpy()
        mask = inputs.get("attention_mask")
        return list(logits) if mask is None else [item[:, kept > 0] for item, kept in zip(logits, mask, strict=True)]

    def values(self, outputs: NDArray[Any], items: Items) -> NDArray[Any]:
        assert isinstance(items, PairItems)
        if self._spans[0] is not items:
            self._spans = items, {}
        known, values = self._spans[1], self.empty(len(items.contexts))
        bounds = np.searchsorted(items.owner, np.arange(len(values) + 1))
        for text in range(len(values)):
            windows = range(int(bounds[text]), int(bounds[text + 1]))
            if text not in known and all(outputs[window] is not None for window in windows):
                known[text] = self._value(text, [_window(outputs[window], items, window) for window in windows], items)
            values[text] = known.get(text)
        return values

    def _value(self, text: int, windows: Sequence[AnswerWindow], items: PairItems) -> Value | None:
        request = self._request
        spans = best_spans(
            items.contexts[text], items.context_offsets[text], windows, request.top_k, request.max_answer_length
        )
        return None if spans is None else (_records(spans, request), spans.no_answer)

    def empty(self, rows: int) -> NDArray[Any]:
        return np.full(rows, None, dtype=object)


def _window(output: NDArray[np.float32], items: PairItems, window: int) -> AnswerWindow:
    start, none = int(items.place[window]), int(items.none[window])
    stop = start + int(items.held[window])
    return AnswerWindow(
        first=int(items.first[window]),
        start=output[0, start:stop],
        end=output[1, start:stop],
        none=None if none < 0 else (float(output[0, none]), float(output[1, none])),
    )


def _records(spans: Spans, request: AnswerRequest) -> NDArray[Any]:
    """The answers; that there is none is one of them, at its place, where that may be."""
    start, end, score = spans.start, spans.end, spans.score
    if request.no_answer:
        at = int(np.count_nonzero(score >= spans.no_answer))
        start, end = np.insert(start, at, -1), np.insert(end, at, -1)
        score = np.insert(score, at, spans.no_answer)
    found = np.empty(min(request.top_k, len(start)), dtype=ANSWER)
    for name, values in (("start", start), ("end", end), ("score", score)):
        found[name] = values[: len(found)]
    return found


class AnswerTask(HeadTask[Answers, AnswerHead]):
    """Find the answer to every question in its context."""

    window_rows = 1_000  # contexts are long, and so is what the model says of them
    part_rows = 250  # of a file: about a minute of a CPU's work

    def __init__(self, request: AnswerRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.head = AnswerHead(request, self.ready.loaded)
        if request.no_answer and not self.head.encoder.has_none:
            raise UserError(
                f"{self.ready.loaded.name} has no CLS token, and so no score for there being no answer.",
                hint="Leave `--no-answer` out.",
            )
        self._contexts = Contexts()

    @classmethod
    def rows(cls, request: AnswerRequest, objects: Objects) -> PairRows:
        """The pairs of a request."""
        return read_pairs(request, objects)

    def model_ref(self, request: AnswerRequest) -> ModelRef:
        """The request's model."""
        if request.model is None:
            raise UserError(
                "No model that answers questions is bundled.",
                hint="Type `--model deepset/roberta-base-squad2`, or another model for question answering.",
            )
        return request.model

    def needed_head(self, card: Card) -> Head:
        """A head for question answering."""
        refuse_other_head(card, "spans")
        return "spans"

    def worker(self, hooks: Hooks) -> Scorer:
        """A scorer that remembers the contexts."""
        return _PairScorer(self, hooks)

    def note(self, window: RowWindow) -> None:
        """Remember the contexts of a window."""
        self._contexts.note(window)

    def start_anew(self) -> None:
        """Forget the contexts too."""
        self._contexts = Contexts()

    def refusals(self, texts: Sequence[str]) -> dict[int, str]:
        """Which questions leave no room for a context, and why."""
        return self.head.encoder.refusals(texts)

    def kept(self, before: Answers, row: int) -> Value:
        """The answers of a row, and the score of there being none."""
        return before.found[row], float(before.no_answer[row])

    def packed(self, values: NDArray[Any]) -> tuple[Ragged, NDArray[np.float32]]:
        """The answers of a window, and the scores of there being none."""
        found = Ragged.packed([None if value is None else value[0] for value in values], ANSWER)
        return found, np.array([np.nan if value is None else value[1] for value in values], dtype=np.float32)

    def joined(self, parts: Sequence[tuple[Ragged, NDArray[np.float32]]]) -> tuple[Ragged, NDArray[np.float32]]:
        """Those of all windows."""
        none = np.concatenate([np.empty(0, dtype=np.float32), *(part[1] for part in parts)])
        return Ragged.joined((part[0] for part in parts), ANSWER), none

    def notes(self, gathered: Gathered) -> list[str]:
        """Also in how many rows the model would rather give no answer."""
        found, none = gathered.values
        notes = super().notes(gathered)
        best = found.flat["score"][found.rows[:-1][found.counts > 0]]
        rather = int(np.count_nonzero(none[found.counts > 0] > best)) if not self.request.no_answer else 0
        if rather:
            rows = "1 row" if rather == 1 else f"{rather:,} rows"
            notes.append(
                f"In {rows} the model holds it likelier that there is no answer: `--no-answer` lets it say so."
            )
        return notes

    def reading(self, objects: Objects, rows: Any = None, reasons: Reasons | None = None, before: Any = None) -> Sides:
        """How the questions and the contexts are read."""
        return Sides.of(self.request, objects, rows, reasons, before)

    def recipe(self, reading: Sides) -> AnswerRecipe:
        """What a plain program must know to find the same answers."""
        loaded = self.ready.loaded
        return AnswerRecipe(
            reading=reading.questions,
            contexts=reading.contexts,
            only=reading.only,
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            **self.head.encoder.recipe(),
        )

    def result(self, gathered: Gathered) -> Answers:
        """The answers, with the questions and contexts that they are from."""
        found, none = gathered.values
        return Answers(
            request=self.request,
            texts=Pairs(gathered.texts, self._contexts.joined(len(gathered.texts))),
            index=gathered.index,
            found=found,
            no_answer=none,
            reasons=gathered.reasons,
            tokens=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            recipe=gathered.recipe,
        )


class _PairScorer(Scorer):
    def __init__(self, task: AnswerTask, hooks: Hooks) -> None:
        super().__init__(task, hooks)
        self._note = task.note

    def do(self, window: RowWindow, known: DoneWindow | None = None) -> DoneWindow:
        self._note(window)
        return _told(super().do(window, known))


def _told(done: DoneWindow) -> DoneWindow:
    """What is known of a window, with a reason for each row none of whose spans can be an answer."""
    without = [row for row, value in enumerate(done.values) if value is not None and not len(value[0])]
    if not without:
        return done
    values = done.values.copy()
    values[without] = None
    reasons = {**done.reasons, **dict.fromkeys(without, _NO_SPAN)}
    return replace(done, values=values, reasons=Reasons(len(values), reasons))


class Contexts:
    """The contexts of the windows that were begun; one that all rows share is kept once."""

    def __init__(self) -> None:
        self._windows: dict[int, tuple[Texts, int]] = {}

    def note(self, window: RowWindow) -> None:
        contexts = [cast("Pair", text).context for text in window.texts]
        shared = all(context is contexts[0] for context in contexts)
        self._windows[window.start] = Texts(contexts[:1] if shared else contexts), len(contexts)

    def joined(self, rows: int) -> Texts:
        """The contexts of the first so many of these rows; one alone where all share it."""
        first = min(self._windows, default=0)
        windows = [window for start, window in self._windows.items() if start - first < rows]
        if windows and all(len(texts) == 1 and texts == windows[0][0] for texts, _ in windows):
            return windows[0][0]
        return Texts.joined(texts if len(texts) == number else Texts([texts[0]] * number) for texts, number in windows)


def answer(
    request: AnswerRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Answers:
    """Answer every question of a request, as `running.run` does it.

    Example:
        >>> answer(AnswerRequest(questions, contexts, model), {}).answers
        ['London']
    """
    return running.run(_task_of(request), request, objects, on_progress, on_partial)


def resume(
    before: Answers, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Answers:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return running.resume(_task_of(before.request), before, objects, on_progress, on_partial)


def recipe(request: AnswerRequest, objects: Objects) -> AnswerRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(_task_of(request), request, objects)


def _task_of(request: AnswerRequest) -> type[RowTask[Answers]]:
    from nbtransformers.engine.answerwriting import AnswerWritingTask  # it is a task on questions and contexts too

    return cast("type[RowTask[Answers]]", AnswerWritingTask) if request.generate else AnswerTask
