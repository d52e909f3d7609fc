"""One row of a batch that somebody has made for the model already, padded or packed: what is in it is read as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.attentiontokens import side_of_ids
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import AttentionRequest, Objects
from nbtransformers.results.attention import Side

_IDS, _TARGET_IDS = "input_ids", "decoder_input_ids"


def batch_of(request: AttentionRequest, objects: Objects) -> Mapping[str, Any] | None:
    """The inputs that a request's data are, as the model is called with them; None for a text.

    Raises:
        UserError: when there is something beside them that is for a text, or beside a text what is for them.
    """
    value = objects.get(request.data.value) if request.data.kind == "variable" else None
    if isinstance(value, Mapping) and _IDS in value:
        for option in ("pair", "target"):
            if getattr(request, option) is not None:
                raise UserError(
                    f"`--{option}` is for a text, and these are inputs that a tokenizer has made.",
                    hint=f"Leave `--{option}` out, or give the text itself.",
                )
        return cast("Mapping[str, Any]", value)
    if request.row is not None:
        raise UserError(
            "`--row` is for inputs that a tokenizer has made, and this is a text.", hint="Leave `--row` out."
        )
    return None


def batch_tensors(batch: Mapping[str, Any], request: AttentionRequest) -> dict[str, Any]:
    """The inputs as tensors `[row, token]`.

    Raises:
        UserError: when they are no numbers of one length, or have no such row.
    """
    import torch

    found: dict[str, Any] = {}
    for name, value in batch.items():
        if value is None:
            continue
        try:
            tensor = torch.as_tensor(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(
                f"The {name} are no rows of one length.", hint='Tokenize with `padding=True, return_tensors="pt"`.'
            ) from error
        found[name] = tensor[None] if tensor.ndim == 1 else tensor
    ids = found.get(_IDS)
    if ids is None or ids.ndim != 2 or not ids.numel():
        raise UserError("The input_ids hold no token.", hint="Give inputs of one or more rows of tokens.")
    rows, row = len(ids), request.row or 0
    if not 0 <= row < rows:
        raise UserError(f"There is no row {row} in these inputs.", hint=f"They are numbered from 0 to {rows - 1}.")
    return found


def batch_sides(tensors: Mapping[str, Any], row: int, loaded: LoadedModel) -> tuple[Side, Side | None]:
    """The tokens of a row that are no padding: those that attend, and of an encoder-decoder the encoder's.

    Raises:
        UserError: when they are not for this model.
    """
    encoded = _side(tensors, row, loaded, _IDS, "attention_mask")
    if not loaded.model.config.is_encoder_decoder:
        return encoded, None
    if _TARGET_IDS not in tensors:
        raise UserError(
            f"{loaded.name} is an encoder-decoder, and the inputs have no decoder_input_ids.",
            hint="Add them, or give the text itself.",
        )
    return _side(tensors, row, loaded, _TARGET_IDS, "decoder_attention_mask"), encoded


def _side(tensors: Mapping[str, Any], row: int, loaded: LoadedModel, name: str, mask: str) -> Side:
    ids: NDArray[np.int64] = tensors[name][row].cpu().numpy().astype(np.int64)
    known = loaded.model.get_input_embeddings().num_embeddings
    strange = ids[(ids >= known) | (ids < 0)]
    if len(strange):
        raise UserError(
            f"The {name} are not for {loaded.name}: they hold the token {strange[0]}, and it knows {known:,}.",
            hint="Give the model whose tokenizer made them: `--model NAME`.",
        )
    seen = tensors.get(mask)
    if seen is not None and seen.ndim == 2:
        if seen.shape != tensors[name].shape:
            raise UserError(
                f"The {mask} is {_extent(seen)}, and the {name} are {_extent(tensors[name])}.",
                hint="Give both as the tokenizer has made them.",
            )
        ids = ids[seen[row].cpu().numpy() > 0]
    if not len(ids):
        raise UserError(f"Row {row} of the {name} is padding only.", hint="Give another row.")
    return side_of_ids(loaded.tokenizer, ids)


def _extent(tensor: Any) -> str:
    return " × ".join(map(str, tensor.shape))
