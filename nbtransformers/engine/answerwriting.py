"""Answers that a model writes by instruction, and where they stand in the context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.answer import Contexts
from nbtransformers.engine.decoding import Continuation, Decoding
from nbtransformers.engine.pairsides import Sides
from nbtransformers.engine.prompts import Encoded, PromptEncoder
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import DoneWindow, Gathered, Hooks
from nbtransformers.engine.writing import UnderWay, Writer, WritingTask
from nbtransformers.engine.writingrecipe import writing_of
from nbtransformers.errors import UserError
from nbtransformers.inputs.pairs import PairRows, read_pairs
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.loading.bundled import BUNDLED_DECODER
from nbtransformers.plain_text import count
from nbtransformers.progress import OnProgress
from nbtransformers.request import AnswerRequest, GenerateRequest, ModelRef, Objects
from nbtransformers.results.answers import ANSWER, Answers
from nbtransformers.results.pairs import Pair, Pairs
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.texts import Texts
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe

_INSTRUCTION = "Answer the question in a few words, taken from the context."
_NONE = "unanswerable"
_OR_NONE = f' If the context does not hold the answer, write "{_NONE}".'
_AROUND = "\"'“”‘’«»„.,;:!。 \t\n"  # what models put around an answer

Written = tuple[tuple[int, int, float], "str | None"]
"""An answer as a record of `ANSWER`, and its text; None for no answer."""


class AnswerWritingTask(WritingTask):
    """Have a model write the answer to every question, told to by an instruction; greedily."""

    def __init__(self, request: AnswerRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.refuse_unable()
        loaded = self.ready.loaded
        is_seq2seq = bool(loaded.model.config.is_encoder_decoder)
        chat = bool(getattr(loaded.tokenizer, "chat_template", None))
        if not chat and not is_seq2seq:
            raise UserError(
                f"{loaded.name} is a causal model without a chat template, and cannot be told to answer.",
                hint=f"Give a chat model, such as `--model {BUNDLED_DECODER}`, or a sequence-to-sequence model.",
            )
        self._chat = chat
        self.decoding = Decoding({"do_sample": False, "num_beams": 1})
        as_prompts = GenerateRequest(request.questions, chat=chat)
        self._encoder = PromptEncoder(as_prompts, loaded, request.max_answer_length)
        self.contexts = Contexts()

    @classmethod
    def rows(cls, request: AnswerRequest, objects: Objects) -> PairRows:
        """The pairs of a request."""
        return read_pairs(request, objects)

    def model_ref(self, request: AnswerRequest) -> ModelRef:
        """The request's model, or the bundled decoder."""
        return request.model or ModelRef("bundled", BUNDLED_DECODER)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Encoded:
        """The instruction with each question and its context."""
        return self._encoder.encode([self._told(cast("Pair", text)) for text in texts], rows)

    def _told(self, pair: Pair) -> str:
        before, between, behind = self._around
        if not self._chat:
            return f"{before}{pair}{between}{pair.context}{behind}"
        return f"{before}{pair.context}{between}{pair}{behind}"

    @property
    def _around(self) -> tuple[str, str, str]:
        """What stands before, between and behind the question and the context."""
        if not self._chat:
            return "question: ", " context: ", ""  # as T5 was taught, and all that came from it
        instruction = _INSTRUCTION + (_OR_NONE if self.request.no_answer else "")
        # Last, or a small model has forgotten it by the time that it has read the context.
        return "Context: ", "\n\nQuestion: ", f"\n\n{instruction}"

    def reading(self, objects: Objects, rows: Any = None, reasons: Reasons | None = None, before: Any = None) -> Sides:
        """How the questions and the contexts are read."""
        return Sides.of(self.request, objects, rows, reasons, before)

    def recipe(self, reading: Sides) -> WrittenAnswerRecipe:
        """What a plain program must know to have the same answers written."""
        loaded = self.ready.loaded
        return WrittenAnswerRecipe(
            reading=reading.questions,
            contexts=reading.contexts,
            only=reading.only,
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            writing=writing_of(loaded, self.decoding),
            chat=self._chat,
            around=self._around,
        )

    def worker(self, hooks: Hooks) -> Writer:
        """A writer that remembers the contexts."""
        return _PairWriter(self, hooks)

    def start_anew(self) -> None:
        """Forget the contexts that are written down."""
        self.contexts = Contexts()

    def kept(self, before: Answers, row: int) -> Any:
        """The answer of a row."""
        assert before.written is not None
        return before.found[row][0].tolist(), before.written[int(before.found.rows[row])]

    def counted(self, before: Answers) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """As of any rows: the result is none of those that are texts."""
        return super(WritingTask, self).counted(before)

    def packed(self, values: NDArray[Any]) -> tuple[Ragged, list[Any]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Room for the answers of a window, and what was written: it is looked up beside the contexts, in `result`."""
        done = [None if value is None or _is_stopped(value) else np.zeros(1, dtype=ANSWER) for value in values]
        kept = [value for value, room in zip(values, done, strict=True) if room is not None]
        return Ragged.packed(done, ANSWER), kept

    def joined(self, parts: Sequence[tuple[Ragged, list[Any]]]) -> tuple[Ragged, list[Any]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Those of all windows."""
        return Ragged.joined((part[0] for part in parts), ANSWER), [value for part in parts for value in part[1]]

    def ended_early(self, failure: str | None, gathered: Gathered) -> str:
        """As of any rows: half an answer is none, and nothing of it is kept."""
        return super(WritingTask, self).ended_early(failure, gathered)

    def notes(self, gathered: Gathered) -> list[str]:
        """Also how many answers do not stand in their contexts as they are."""
        notes = super(WritingTask, self).notes(gathered)
        *_, written = self._found(gathered)
        elsewhere = sum(record[0] < 0 and text is not None for record, text in written)
        if elsewhere:
            stand = "does not stand in its context" if elsewhere == 1 else "do not stand in their contexts"
            notes.append(
                f"{count(elsewhere, 'answer')} {stand} as written: {self.ready.loaded.name} may have made it up."
            )
        return notes

    def result(self, gathered: Gathered) -> Answers:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The answers, where they stand, and the questions and contexts that they are from."""
        pairs, found, written = self._found(gathered)
        begun = {row: NOT_DONE for row in np.flatnonzero(found.counts == 0).tolist() if row not in gathered.reasons}
        records = np.array([record for record, _ in written], dtype=ANSWER)
        return Answers(
            request=self.request,
            texts=pairs,
            index=gathered.index,
            found=Ragged(found.rows, records),
            no_answer=np.full(len(pairs), np.nan, dtype=np.float32),
            reasons=Reasons(len(pairs), {**gathered.reasons, **begun}) if begun else gathered.reasons,
            tokens=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            run=gathered.report,
            written=Texts(text for _, text in written),
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            recipe=gathered.recipe,
        )

    def _found(self, gathered: Gathered) -> tuple[Pairs, Ragged, list[Written]]:
        found, values = gathered.values
        pairs = Pairs(gathered.texts, self.contexts.joined(len(gathered.texts)))
        owners = found.owner.tolist()
        return (
            pairs,
            found,
            [_written(value, pairs[row].context or "") for row, value in zip(owners, values, strict=True)],
        )


def _is_stopped(value: Any) -> bool:
    return isinstance(value, Continuation) and value.ending in (None, "stopped")


def _written(value: Any, context: str) -> Written:
    """An answer: where it stands in the context, how likely its tokens were, and how it is written."""
    if not isinstance(value, Continuation):
        return value
    with np.errstate(divide="ignore"):
        score = float(np.exp(np.log(value.probabilities.astype(np.float64)).mean())) if len(value.ids) else 0.0
    text = value.text.strip()
    if not text or text.strip(_AROUND).casefold() == _NONE:
        return (-1, -1, score), None
    start, end = located(text, context)
    return (start, end, score), text


def located(answer: str, context: str) -> tuple[int, int]:
    """Where an answer first stands in a context: as it is, without what stands around it, or in other letters' case.

    Example:
        >>> located('"london".', "In London.")
        (3, 9)
    """
    bare = answer.strip(_AROUND)
    for wanted, flags in ((answer, 0), (bare, 0), (bare, re.IGNORECASE)):
        if not wanted:
            continue
        # A whole word rather than a part of one, where there is a choice.
        for pattern in (rf"(?<!\w){re.escape(wanted)}(?!\w)", re.escape(wanted)):
            found = re.search(pattern, context, flags)
            if found:
                return found.span()
    return -1, -1


class _PairWriter(Writer):
    """Writes answers, and notes the contexts of the windows that it begins."""

    def begin(self, window: RowWindow, known: DoneWindow | None) -> UnderWay:
        """A window that is about to be written."""
        assert isinstance(self._task, AnswerWritingTask)
        self._task.contexts.note(window)
        return super().begin(window, known)
