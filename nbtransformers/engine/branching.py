"""A text that goes on from another token: what stood before it stays, and what follows is written anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.decoding import Continuation, Ending, Prompt
from nbtransformers.engine.detokenizing import Detokenizer
from nbtransformers.engine.generation import Generator, Rows
from nbtransformers.engine.generation_config import end_tokens, generation_config
from nbtransformers.engine.running import at_work
from nbtransformers.engine.writing import WritingTask, objects_of, records_of, with_objects
from nbtransformers.errors import UserError, shown
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.progress import Glimpses, OnPartial, OnProgress, Pace, Progress, silent
from nbtransformers.request import Objects
from nbtransformers.results.generation import ALTERNATIVES, ENDINGS, TOKEN, Generation
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.texts import Texts
from nbtransformers.results.writingrecipe import GenerateRecipe


def branch(
    result: Generation,
    row: int,
    position: int,
    token: int,
    objects: Objects | None = None,
    on_progress: OnProgress = silent,
    on_partial: OnPartial | None = None,
) -> Generation:
    """The result with one text that goes on from another token; all others stay.

    Args:
        result: what was written.
        row: the number of the row.
        position: of the token in its text, from 0.
        token: the one to stand there, one of its alternatives.
        objects: what the request's `variable` references name; None is what is left of what the result was made with.
        on_progress: told what is going on.
        on_partial: shown the result as it stands.

    Raises:
        UserError: when there is no such token, or the model is gone.

    Example:
        >>> other = result.alternatives(0, 3)[1]
        >>> branch(result, 0, 3, other.id, {}).texts[0]
    """
    kept = _kept(result, row, position, token)
    objects = objects_of(result) if objects is None else objects
    task = _task(result, objects, on_progress)
    prompts, reasons = task.encode([result.prompts[row] or ""], [row])
    if reasons or len(prompts) != 1:
        raise UserError("This text was written in parts, and none of them can be gone on from.", hint="Choose another.")
    prompt = prompts[0]
    with at_work(task.ready.loaded, on_progress), deferred_interrupts() as stop:
        writing = _Writing(task, result, row, prompt, kept)
        glimpses, pace = Glimpses(on_partial, task.glimpse_seconds), Pace(on_progress)

        def on_step(rows: Callable[[], Rows]) -> None:
            pace(Progress("running", f"{task.ready.loaded.name} on {task.ready.loaded.device}", 0, 1, "texts"))
            glimpses(lambda: writing.result(rows()[row]))

        generator = Generator(
            task.ready.loaded, task.decoding, threads=task.request.run.threads, stop=stop, on_step=on_step
        )
        made = writing.result(_written(generator, task, prompt, kept["id"]))
    notes = (*made.notes, _told(result, row, position, token))
    recipe = _begun(result, row, kept["id"]) if made.done[row] else None
    return with_objects(replace(made, notes=notes, recipe=recipe), objects)


def _begun(result: Generation, row: int, ids: NDArray[np.int32]) -> GenerateRecipe | None:
    """What a program must know besides: what the row begins with; None where there is none that goes on with a text."""
    recipe = result.recipe
    if not isinstance(recipe, GenerateRecipe) or recipe.writing.is_seq2seq:
        return None
    return replace(recipe, begun={**recipe.begun, row: tuple(ids.tolist())})


def _kept(result: Generation, row: int, position: int, token: int) -> NDArray[Any]:
    """The tokens up to the place, and the other one in it."""
    there = result.token(row, position)  # it refuses a place that there is not
    known = {alternative.id: alternative.probability for alternative in result.alternatives(row, position)}
    if token not in known:
        raise UserError(
            f"Token {token} is none of the alternatives at {position}.",
            hint="See `result.alternatives(row, position)`.",
        )
    chosen = np.array([there], TOKEN)
    chosen["id"], chosen["probability"] = token, known[token]
    return np.concatenate([result.found[row][:position], chosen])


def _task(result: Generation, objects: Objects, on_progress: OnProgress) -> WritingTask:
    request = result.request
    if request.model is not None and request.model.kind == "variable" and _is_gone(objects.get(request.model.name)):
        raise UserError(f"The model {request.model.name} is not there any more.", hint="Run the cell again.")
    # Each task has a module of the engine to itself, that is called like it.
    make: type[WritingTask] = getattr(
        import_module(f"nbtransformers.engine.{request.task}"), f"{request.task.title()}Task"
    )
    return make(request, objects, on_progress)


def _is_gone(model: Any) -> bool:
    """Whether nobody else has kept a user's own model, or the tokenizer beside it."""
    return model is None or (isinstance(model, tuple) and any(part is None for part in cast("tuple[Any, ...]", model)))


def _written(generator: Generator, task: WritingTask, prompt: Prompt, begun: NDArray[np.int32]) -> Continuation:
    """What follows on the tokens that stand; nothing where they are the whole text already."""
    model = task.ready.loaded.model
    if int(begun[-1]) in end_tokens(generation_config(model, task.decoding.options, 1)):
        return _nothing("end of text")
    if len(begun) >= prompt.most:
        return _nothing(prompt.limit)
    found = generator.run([_going_on(prompt, begun, model.config.is_encoder_decoder)])
    if prompt.row in generator.account.failures:
        raise UserError(f"Nothing was written: {generator.account.failures[prompt.row]}.", hint="Choose another token.")
    return found.get(prompt.row) or _nothing("stopped")


def _nothing(ending: Ending) -> Continuation:
    none = np.empty((0, ALTERNATIVES))
    return Continuation(
        none[:, 0].astype(np.int32),
        [],
        none[:, 0].astype(np.float32),
        none.astype(np.int32),
        none.astype(np.float32),
        ending,
    )


def _going_on(prompt: Prompt, ids: NDArray[np.int32], seq2seq: bool) -> Prompt:
    """A prompt whose new text begins with these tokens."""
    begun = ids.astype(np.int64)
    most = prompt.most - len(begun)
    if seq2seq:
        return replace(prompt, begun=np.concatenate([prompt.begun, begun]), most=most)
    return replace(
        prompt, ids=np.concatenate([prompt.ids, begun]), most=most, context=(*prompt.context, *begun.tolist())
    )


class _Writing:
    """One row that is written on: what came, put into the result that it comes from."""

    def __init__(self, task: WritingTask, result: Generation, row: int, prompt: Prompt, kept: NDArray[Any]) -> None:
        self._task, self._result, self._row, self._kept = task, result, row, kept
        self._started = time.perf_counter()
        self._context = [*prompt.context, *prompt.begun.tolist()]
        self._first, self._last = result.found.rows[row : row + 2].tolist()

    def result(self, new: Continuation) -> Generation:
        """The result with the text as far as it came."""
        before, row = self._result, self._row
        tokens = np.concatenate([self._kept, records_of(new)])
        pieces = self._pieces(tokens["id"].tolist(), whole=new.ending is not None)
        counts = before.found.counts.copy()
        counts[row] = len(tokens)
        flat = before.found.flat
        found = Ragged(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([flat[: self._first], tokens, flat[self._last :]]),
        )
        endings = before.endings.copy()
        endings[row] = ENDINGS.index(new.ending or "")
        texts = [*before.texts[:row], "".join(pieces), *before.texts[row + 1 :]]
        return replace(
            before,
            texts=Texts(texts),
            found=found,
            pieces=Texts([*before.pieces[: self._first], *pieces, *before.pieces[self._last :]]),
            spelling=self._task.spelling(found),
            endings=endings,
            run=replace(before.run, seconds=before.run.seconds + time.perf_counter() - self._started),
        )

    def _pieces(self, ids: list[int], whole: bool) -> list[str]:
        """What each token adds: the chosen one may be a part of a character that the next ones complete."""
        detokenizer = Detokenizer(self._task.ready.loaded.tokenizer, self._context)
        pieces = [detokenizer.add(token) for token in ids]
        if whole:
            pieces[-1] += detokenizer.rest()
        return pieces


def _told(result: Generation, row: int, position: int, token: int) -> str:
    before, after = (shown(result.spelled(number), 20) for number in (int(result.token(row, position)["id"]), token))
    return f"Row {row:,} goes on from token {position:,}: {after} in place of {before}."
