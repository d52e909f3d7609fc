"""What a plain program must know to look at the same attention."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from nbtransformers.engine.capture.forward import one_row
from nbtransformers.engine.encoding import text_limit
from nbtransformers.engine.recipe import place_of
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import AttentionRequest, ModelRef
from nbtransformers.results.attention import Side
from nbtransformers.results.attentionmaps import Maps
from nbtransformers.results.attentionrecipe import AttentionRecipe

_ALL_AT_ONCE = 2**26  # weights of all heads: 256 MB


def recipe_of(
    request: AttentionRequest,
    model: ModelRef,
    loaded: LoadedModel,
    text: str,
    queries: Side,
    encoded: Side | None,
    maps: Maps,
) -> AttentionRecipe:
    """The recipe of a result.

    Args:
        request: what was asked for.
        model: the reference that the model was loaded by.
        loaded: the model.
        text: the text.
        queries: the tokens that attend.
        encoded: of an encoder-decoder, those of the encoder's text.
        maps: its weights.
    """
    taken = inspect.signature(loaded.model.forward).parameters
    special = loaded.tokenizer.num_special_tokens_to_add(pair=request.pair is not None)
    limit = text_limit(loaded, request.run.max_length, special)
    return AttentionRecipe(
        place=place_of(model, loaded),
        dtype=loaded.dtype,
        text=text,
        pair=request.pair,
        limit=limit if request.run.long == "truncate" else 0,
        decoder_ids=() if encoded is None else tuple(queries.ids.tolist()),
        takes_type_ids="token_type_ids" in taken,
        takes_cache="use_cache" in taken,
        keeps_queries=encoded is None and _are_many(maps) and _come_of_queries_alone(maps),
    )


def recipe_of_batch(
    request: AttentionRequest,
    model: ModelRef,
    loaded: LoadedModel,
    tensors: Mapping[str, Any],
    queries: Side,
    encoded: Side | None,
) -> AttentionRecipe | None:
    """The recipe of a row of inputs that somebody has made; None where they are more than a number for each token.

    Args:
        request: what was asked for.
        model: the reference that the model was loaded by.
        loaded: the model.
        tensors: the inputs, of all rows.
        queries: the tokens that attend.
        encoded: of an encoder-decoder, those of the encoder's text.
    """
    import torch

    row = one_row(tensors, request.row or 0)
    if any(value.ndim != 2 or torch.is_floating_point(value) for value in row.values()):
        return None
    return AttentionRecipe(
        place=place_of(model, loaded),
        dtype=loaded.dtype,
        text="",
        pair=None,
        limit=0,
        decoder_ids=() if encoded is None else tuple(queries.ids.tolist()),
        takes_type_ids=True,
        takes_cache="use_cache" in inspect.signature(loaded.model.forward).parameters,
        keeps_queries=False,
        given=tuple((name, tuple(map(int, value[0].tolist()))) for name, value in row.items()),
    )


def _are_many(maps: Maps) -> bool:
    return sum(int(np.prod(maps.extent(part))) for part in maps.parts) > _ALL_AT_ONCE


def _come_of_queries_alone(maps: Maps) -> bool:
    """Whether weights are softmax(q · k · scaling + mask), and nothing besides."""
    try:
        steps = maps.steps("self", 0, 0, 0)
    except UserError:
        return False
    return steps.bias is None and steps.softcap is None and steps.sink is None
