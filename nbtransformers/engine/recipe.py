"""What a plain program must know of a model that is ready to run."""

from __future__ import annotations

from dataclasses import replace

from nbtransformers.engine.padding import program_padding
from nbtransformers.inputs.values import NOT_UNICODE
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import DataRef, ModelRef
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Recipe


def completed(
    recipe: Recipe, loaded: LoadedModel, model: ModelRef, data: DataRef, reasons: Reasons | None = None
) -> Recipe:
    """A head's recipe with what is known of the model and of the texts.

    Args:
        recipe: what the head knows.
        loaded: the model, and what was found out about it.
        model: the reference that it was loaded by.
        data: where the texts are, with what was guessed about them.
        reasons: why some of the texts have no score; None before any was read.
    """
    may_pad = loaded.notes.get("padding is harmless", True)
    return replace(
        recipe,
        padding=program_padding(loaded) if may_pad else "never",
        data=data,
        model=_pinned(model, loaded),
        folder=str(loaded.folder) if model.kind == "bundled" else None,
        dtype=loaded.dtype,
        lone_surrogates=reasons is not None and len(reasons.rows(NOT_UNICODE)) > 0,
    )


def _pinned(model: ModelRef, loaded: LoadedModel) -> ModelRef:
    """A Hub model with its commit, which is the name of the folder that its snapshot is in."""
    if model.kind != "hub" or loaded.folder is None or loaded.folder.parent.name != "snapshots":
        return model
    return replace(model, revision=loaded.folder.name)
