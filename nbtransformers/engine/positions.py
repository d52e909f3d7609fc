"""PositionsRequest in, Positions out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.device import pick_device, pick_dtype
from nbtransformers.engine.positionfinding import encodings_of
from nbtransformers.engine.positionfound import Found
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import with_room_made
from nbtransformers.engine.sinusoids import FORMULA, sinusoidal
from nbtransformers.loading.card import Card, card
from nbtransformers.loading.models import load, model_and_tokenizer
from nbtransformers.loading.named import naming_default
from nbtransformers.loading.registry import REGISTRY, LoadedModel
from nbtransformers.progress import OnPartial, OnProgress, Progress, silent
from nbtransformers.request import ModelRef, Objects, PositionsRequest
from nbtransformers.results.positions import Positions, TableEncoding
from nbtransformers.results.positionsrecipe import PositionsPart, PositionsRecipe

LENGTH, DIM = 128, 64  # of the formula, unless something else is asked for


def positions(
    request: PositionsRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Positions:
    """The encodings of positions that a request asks for.

    Args:
        request: whose.
        objects: what the request's `variable` reference names.
        on_progress: told what is going on.
        on_partial: not used: there is nothing to wait for.

    Raises:
        UserError: when the model cannot be loaded, tells no positions that are known here, or has fewer.

    Example:
        >>> positions(PositionsRequest(length=4, dim=2), {}).values[0].tolist()
        [0.0, 1.0]
    """
    if request.model is None:
        return _by_formula(request)

    def on_load(message: str) -> None:
        on_progress(Progress("loading", message))

    with naming_default(request.model):
        described = card(request.model, objects, on_load)
    loaded, fresh = _loaded(request, request.model, objects, on_load)
    described = with_room_made(described, loaded, fresh)
    with alone_with(loaded, on_progress):
        found = encodings_of(loaded.model, loaded.name, request.length)
    return _result(request, described, loaded, found)


def _by_formula(request: PositionsRequest) -> Positions:
    length, dim = request.length or LENGTH, request.dim or DIM
    table = TableEncoding(
        name="", form="sinusoidal", positions=np.arange(length), formula=FORMULA, table=sinusoidal(length, dim)
    )
    by_formula = PositionsRecipe((PositionsPart("", "formula", length),), dim)
    return Positions(request, (table,), recipe=by_formula)


def _loaded(
    request: PositionsRequest, ref: ModelRef, objects: Objects, on_load: Callable[[str], None]
) -> tuple[LoadedModel, bool]:
    """The model, and whether it was loaded for this call; a user's own stays where it is, and needs no tokenizer."""
    if ref.kind == "variable":
        model = model_and_tokenizer(objects[ref.name])[0]
        lock, notes = REGISTRY.lock_and_notes(model)
        dtype = str(model.dtype).removeprefix("torch.")
        return LoadedModel(ref.name, model, None, None, "", dtype, 0, False, lock, notes), False
    device = pick_device(request.run.device)
    dtype = pick_dtype(request.run.dtype, device)
    budget = request.run.budget
    return load(ref, objects, "encoder", device=device, dtype=dtype, memory_budget=budget, on_load=on_load)


def _result(request: PositionsRequest, described: Card, loaded: LoadedModel, found: list[Found]) -> Positions:
    assert request.model is not None
    return Positions(
        request=request,
        encodings=tuple(one.encoding for one in found),
        model=loaded.name,
        revision=described.revision,
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        recipe=PositionsRecipe(
            tuple(one.part for one in found), place=place_of(request.model, loaded), dtype=loaded.dtype
        ),
    )
