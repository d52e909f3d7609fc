"""`nbtransformers.resume`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeVar

from nbtransformers import settings
from nbtransformers.doors.common import TOKENIZER, run_and_keep, tokenizer_of
from nbtransformers.doors.door import door
from nbtransformers.errors import UserError, kind_of
from nbtransformers.panels.background import Background
from nbtransformers.panels.kinds import RESULTS, Result, kind_of_result
from nbtransformers.panels.view import passing_view
from nbtransformers.panels.workbench.bench import Workbench
from nbtransformers.request import ModelRef, Objects
from nbtransformers.results.attention import Attention
from nbtransformers.results.datasets import DatasetPreview, Datasets
from nbtransformers.results.explanation import Explanation
from nbtransformers.results.models import Models
from nbtransformers.results.positions import Positions
from nbtransformers.results.runs import Runs
from nbtransformers.results.stored import Stored
from nbtransformers.results.tokenization import Tokenization
from nbtransformers.results.trainingrun import TrainingRun

Resumable = TypeVar("Resumable", bound=Result)
_LOOKED_AT = (DatasetPreview, Datasets, Models, Runs, Workbench)


@door
def resume(result: Resumable, *, data: Any = None, model: Any = None, tokenizer: Any = None) -> Resumable:
    """Finish what an interrupt (or a failure on the way) left of a result.

    Args:
        result: the unfinished result; it stays as it is. A training run goes on by a worker of its own.
        data: the data again, where they were no list, and are gone: an open dataset, for instance.
        model: the model again, where it was a variable, and is gone.
        tokenizer: its tokenizer.

    Returns:
        The result that the run would have had without the interrupt; the same one when it is finished already.

    Raises:
        UserError: when the result cannot be resumed, or its input has changed.

    Example:
        >>> result.done.sum()
        7000
        >>> result = nbt.resume(result)
    """
    from nbtransformers.engine.resuming import recalled

    if isinstance(result, Background):
        raise UserError("This is work in the background, not its result.", hint="Type `nbt.resume(work.result)`.")
    if isinstance(result, _LOOKED_AT) or not isinstance(result, RESULTS):
        raise UserError(f"There is nothing to resume in {kind_of(result)}.", hint="Type `nbt.resume(result)`.")
    if isinstance(result, TrainingRun):
        result.resume()
        return result
    if isinstance(result, Attention | Explanation | Positions):  # made in one go: what there is, is finished
        return result
    if isinstance(result, Stored):
        if result.done:
            return result
        raise UserError(
            f"{result.path.name} is gone on with by the call that began it.",
            hint="Type the same again with `--resume`.",
        )
    if result.read_to_end and result.done.all():
        return result
    objects = recalled(result)
    if data is not None:
        objects[result.request.data.value] = data
    if isinstance(result, Tokenization):
        request, objects = _with_tokenizers(result, objects, tokenizer if model is None else model)
        _still_there(request.models, objects)
    else:
        request, objects = _with_model(result.request, objects, model, tokenizer)
        _still_there([request.model] if request.model else [], objects, request.tokenizer)
    # Each task has a module of the engine to itself, that is called like it.
    engine = import_module(f"nbtransformers.engine.{request.task}")
    view = passing_view(kind_of_result(result).title)
    before = replace(result, request=request)
    return run_and_keep(view, lambda: engine.resume(before, objects, view.progress, view.partial))


def has_rest(result: Any) -> bool:
    """Whether a stop has left some of a result that can be resumed here."""
    if isinstance(result, (*_LOOKED_AT, Attention, Explanation, Positions, Stored, TrainingRun)):
        return False
    return isinstance(result, RESULTS) and not (result.read_to_end and result.done.all())


def _with_model(request: Any, objects: dict[str, Any], model: Any, tokenizer: Any) -> tuple[Any, Objects]:
    """The request with the model, and with the tokenizer, that are given again."""
    from nbtransformers.loading.refs import model_ref

    if model is not None:
        ref, found = model_ref(model, runs=settings.runs_folder())
        request, objects = replace(request, model=ref), {**objects, **found}
    if tokenizer is not None:
        request, objects = replace(request, tokenizer=TOKENIZER), {**objects, TOKENIZER: tokenizer_of(tokenizer, {})}
    return request, objects


def _with_tokenizers(result: Tokenization, objects: Objects, model: Any) -> tuple[Any, Objects]:
    from nbtransformers.doors.tokenize import tokenize_request

    if model is None:
        return result.request, objects
    given, objects = tokenize_request(result.request.data, objects, model=model)
    return replace(result.request, models=given.models), objects


def _still_there(models: Iterable[ModelRef], objects: Objects, tokenizer: str | None = None) -> None:
    for name in (*(model.name for model in models if model.kind == "variable"), tokenizer):
        if name is not None and name not in objects:
            raise UserError(f"The model {name} is not there any more.", hint="Type `nbt.resume(result, model=…)`.")
