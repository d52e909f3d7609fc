"""The model that a run starts from."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.models import model_and_tokenizer, quiet_transformers, tokenizer_by_name
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.request import FinetuneRequest, ModelRef, Objects
from nbtransformers.rundir.folder import RunFolder


def starting_model(request: FinetuneRequest, folder: RunFolder) -> ModelRef:
    """Where a worker finds the model: one that was in memory is in the run directory."""
    if request.model is None:
        raise UserError("The request names no model.", hint="Give one: `--model minilm`.")
    return ModelRef("folder", str(folder.source)) if request.model.kind == "variable" else request.model


def keep_source(request: FinetuneRequest, objects: Objects, folder: RunFolder) -> None:
    """Write the model into the run directory, if it is one in memory.

    Raises:
        UserError: when another process could not load what is written.
    """
    if request.model is None or request.model.kind != "variable":
        return
    model, tokenizer = model_and_tokenizer(objects[request.model.name])
    _refuse_unknown_class(model)
    if tokenizer is None:
        tokenizer = tokenizer_by_name(request.model, model)
    lock, _ = REGISTRY.lock_and_notes(model)
    with lock, quiet_transformers():
        model.save_pretrained(folder.source)
        tokenizer.save_pretrained(folder.source)


def _refuse_unknown_class(model: Any) -> None:
    kind = type(model)
    if hasattr(model, "peft_config"):
        raise UserError(
            f"The model is a {kind.__name__}, weights with an adapter on top.",
            hint="Merge them first: `model = model.merge_and_unload()`.",
        )
    if kind.__module__.partition(".")[0] != "transformers":
        raise UserError(
            f"The class {kind.__name__} is your own, and the process that trains does not know it.",
            hint="Give a model of a class of Transformers.",
        )
