"""The plain program for a result or a request, as a public function."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from nbtransformers.doors.door import door
from nbtransformers.doors.resume import has_rest
from nbtransformers.errors import UserError, kind_of
from nbtransformers.panels.kinds import Result
from nbtransformers.request import FinetuneRequest, Request, TokenizeRequest
from nbtransformers.request.written import Written
from nbtransformers.results.recipes import ProgramRecipe
from nbtransformers.results.trainingrun import TrainingRun

_STOPPED = "# The result that this is for was stopped before its end. The program does all of it."


@door
def code(result_or_request: Result | Request) -> str:
    """The plain Transformers and PyTorch program that does the same, without this package.

    Run on the same machine it gives the same numbers, to rounding: it reads the texts, loads the model at the same
    version, cuts long texts in the same way, and leaves the table of `to_pandas()` in `table`; of an attention, that of
    its first head. What was a variable of yours has to exist where it runs; up to 200 texts that a function was given
    are in the program.

    Args:
        result_or_request: a result, its panel, or its request; for a request alone the model is loaded, to look at it.

    Returns:
        The program, as `ruff format` lays it out in 100 columns.

    Raises:
        UserError: when it is none of them, or there is no program for it, or a request names a model that is not in it.

    Example:
        >>> print(nbt.code(nbt.classify(texts, labels=["politics", "sport"])))
    """
    from nbtransformers.codegen.program import unwritten, written

    given = result_or_request
    if not hasattr(given, "request"):  # a panel, maybe
        given = getattr(given, "result", None) or given
    request = getattr(given, "request", given)
    if not isinstance(request, Written):
        raise UserError(
            f"There is no program for {kind_of(result_or_request)}.", hint="Give a result: `nbt.code(result)`."
        )
    recipe = _of_run(given) if isinstance(given, TrainingRun) else getattr(given, "recipe", None)
    if recipe is None and given is request:
        recipe = _recipe(request)
    if recipe is None:
        raise unwritten(request.task)
    program = written(cast("Request", request), recipe)
    return f"{_STOPPED}\n{program}" if has_rest(given) else program


def no_program(result: Any) -> str:
    """Why there is no program for a result of this session, in one sentence; empty where there is one.

    Example:
        >>> no_program(nbt.attach("minilm-1"))
        'There is no program for this run: several processes have trained it.'
    """
    from nbtransformers.codegen.program import unwritten

    if not isinstance(result, TrainingRun):
        return "" if result.recipe is not None else unwritten(result.request.task).message
    from nbtransformers.training.recipe import unwritten_because

    try:
        result.history.read()
        gone = not result.folder.exists()
        why = "it is deleted" if gone else unwritten_because(result.request, result.history)
    except UserError as error:  # what it was asked for cannot be read
        return error.message
    return f"There is no program for this run: {why}." if why else ""


def _of_run(run: TrainingRun) -> ProgramRecipe:
    from nbtransformers.training.recipe import recipe

    return recipe(run.files, run.request)


def _recipe(request: Any) -> ProgramRecipe | None:
    """What the model of a request says: it is loaded for it. None of training, of which only a run has one."""
    models = request.models if isinstance(request, TokenizeRequest) else [request.model]
    own = [model.name for model in models if model is not None and model.kind == "variable"]
    tokenizer = getattr(request, "tokenizer", None)
    if tokenizer is not None:
        own.append(tokenizer)
    if own:
        raise _not_held(own[0])
    if isinstance(request, FinetuneRequest):
        return None
    # Each task has a module of the engine to itself, that is called like it.
    engine = import_module(f"nbtransformers.engine.{request.task}")
    if hasattr(engine, "recipe"):
        return engine.recipe(request, {})
    data = getattr(request, "data", None)
    if data is not None and data.kind == "variable":
        raise _not_held(data.value)
    return getattr(engine, request.task)(request, {}).recipe  # what it needs to know is known once it has run


def _not_held(name: str) -> UserError:
    return UserError(
        f"The request names {name}, and does not hold it.", hint="Give the result of its run: `nbt.code(result)`."
    )
