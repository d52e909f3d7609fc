"""What the public functions share: their arguments to a request, and a request to a result that is shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from nbtransformers import settings
from nbtransformers.doors.options import INPUT_OPTIONS, PERMISSIONS, RUN_ARGUMENTS
from nbtransformers.errors import Interrupted, UserError, did_you_mean, kind_of, shown
from nbtransformers.inputs.refs import data_ref
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.panels.host import has_panels, shell
from nbtransformers.panels.view import View
from nbtransformers.request import DataRef, ModelRef, Objects, RunOptions

R = TypeVar("R")
Q = TypeVar("Q")

TOKENIZER = "the tokenizer"  # its place among the objects; the data's is an expression, which this never is


def texts_of(data: Any, options: Any, *, name: str = "data") -> tuple[DataRef, Objects]:
    """The reference to the texts of a public function's `data`; takes the input options out of `options`."""
    return data_ref(data, **{key: options.pop(key) for key in INPUT_OPTIONS if key in options}, name=name)


def task_request(
    make: Callable[..., Q], data: DataRef, objects: Objects, namespace: Mapping[str, Any] | None, given: dict[str, Any]
) -> tuple[Q, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        make: the class of the request; its `task` names the settings to ask.
        data: the texts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of the public function; for one that is None, or missing, the settings are asked.
    """
    task: str = make.task  # pyright: ignore[reportFunctionMemberAccess]
    values, objects = request_fields(task, objects, namespace, given, _usual_run(make))
    return make(data=data, **values), objects


def request_fields(
    task: str,
    objects: Objects,
    namespace: Mapping[str, Any] | None,
    given: dict[str, Any],
    usual: RunOptions | None = None,
) -> tuple[dict[str, Any], Objects]:
    """The fields of a request but for its data, as `task_request` finds them, and the objects that they name.

    `usual` is how the task runs where nothing else is said.
    """
    filled = settings.filled(task, given)
    values = dict(filled.values)
    running = {key: values.pop(key) for key in RUN_ARGUMENTS if key in values}
    if isinstance(running.get("to"), os.PathLike):
        running["to"] = os.fspath(running["to"])
    run = replace(usual or RunOptions(), **running)
    model, found = model_of(filled, values, namespace)
    objects = {**objects, **found}
    tokenizer = values.pop("tokenizer", None)
    if tokenizer is not None:
        objects = {**objects, TOKENIZER: tokenizer_of(tokenizer, namespace or {})}
    named = None if tokenizer is None else TOKENIZER
    return {"model": model, "tokenizer": named, "run": run, **values}, objects


def _usual_run(make: Any) -> RunOptions:
    """How a task runs where nothing else is said: some read long texts in windows by themselves."""
    (run,) = (field.default_factory for field in fields(make) if field.name == "run")
    return cast("Callable[[], RunOptions]", run)()


def model_of(
    filled: settings.Filled, values: dict[str, Any], namespace: Mapping[str, Any] | None
) -> tuple[ModelRef | None, Objects]:
    """The reference to the model, and the objects that it names; takes the model's options out of `values`."""
    from nbtransformers.loading.refs import model_ref

    model, revision = model_given(values)
    permissions = {name: values.pop(name) for name in PERMISSIONS if name in values}
    if model is None:
        return None, {}
    namespace = where_names_are(filled, namespace)
    with filled.naming("model"):
        ref, objects = model_ref(model, revision, namespace, runs=settings.runs_folder(), **permissions)
    return replace(ref, default_from=filled.place("model")), objects


def model_given(values: dict[str, Any]) -> tuple[Any, str | None]:
    """The model and its revision, taken out of `values`."""
    model, revision = values.pop("model", None), values.pop("revision", None)
    if revision is not None and (model is None or (isinstance(model, list) and not model)):
        raise UserError("A revision needs a model.", hint="Add `--model owner/name`.")
    return model, revision


def where_names_are(filled: settings.Filled, namespace: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if namespace is None and "model" in filled.sources and shell() is not None:
        return shell().user_ns  # a name that was set in a notebook is one of its variables for functions too
    return namespace


def run_and_keep(view: View, run: Callable[[], R]) -> R:
    """Run a task and show its result in a view; once there is a result, an interrupt does not lose it."""
    if has_panels():
        from nbtransformers.panels.display import show_as_values

        show_as_values()
    with view:
        try:
            result = run()
        except Interrupted:
            raise
        except KeyboardInterrupt as error:
            raise Interrupted("Interrupted before any text was done. Run it again.") from error
        with deferred_interrupts():
            view.show(result)  # pyright: ignore[reportArgumentType]
    return result


def tokenizer_of(tokenizer: Any, namespace: Mapping[str, Any]) -> Any:
    if not isinstance(tokenizer, str):
        if not hasattr(tokenizer, "convert_ids_to_tokens"):
            raise UserError(
                f"The tokenizer is {shown(tokenizer, 40)}, {kind_of(tokenizer)}.",
                hint="Give the model's own tokenizer.",
            )
        return tokenizer
    if tokenizer in namespace:
        return namespace[tokenizer]
    tokenizers = [name for name, value in namespace.items() if hasattr(value, "convert_ids_to_tokens")]
    raise UserError(
        f"There is no variable {tokenizer} for the tokenizer.",
        hint=did_you_mean(tokenizer, tokenizers, what="There is"),
    )
