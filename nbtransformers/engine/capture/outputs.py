"""What a model is called with for a look at its attention, and what is kept of its output."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from nbtransformers.loading.registry import LoadedModel

if TYPE_CHECKING:
    import torch

LOGITS = 2**25  # bytes of them that are kept: those of all tokens, with a large vocabulary, may be gigabytes


def called_with(inputs: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """The inputs where a model wants them.

    One that predicts the next token is told to do so behind the last that is no padding: the logits of all tokens are
    the size of its vocabulary each.
    """
    given = {name: value.to(model.device) if hasattr(value, "to") else value for name, value in inputs.items()}
    if "logits_to_keep" in _parameters(type(model)) and "logits_to_keep" not in given:
        place = last_read(model, inputs)
        given["logits_to_keep"] = 1 if place is None else place.to(model.device)
    return given


def last_read(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor | None:
    """The place of the last token that is no padding, of those that a next one follows: int64 `[1]`; None for the last
    of all."""
    mask = inputs.get(f"{_predicting(model)}attention_mask")
    return None if mask is None or mask.ndim != 2 else mask[0].nonzero()[-1:, 0]


def told_places(loaded: LoadedModel, inputs: Mapping[str, Any], vocabulary: int) -> torch.Tensor | None:
    """The tokens whose logits are kept: int64 `[place]`, rising; None for all.

    All, unless they would take more than `LOGITS`: then evenly spaced ones, the first masked one, and the last.
    """
    import torch

    ids, most = inputs.get(f"{_predicting(loaded.model)}input_ids"), max(2, LOGITS // (4 * vocabulary))
    if ids is None or ids.shape[1] <= most:
        return None
    mask = getattr(loaded.tokenizer, "mask_token_id", None)
    masked = torch.empty(0, dtype=torch.int64) if mask is None else (ids[0] == mask).nonzero()[:1, 0]
    last = last_read(loaded.model, inputs)
    evenly = torch.linspace(0, ids.shape[1] - 1, most).round().long()
    return torch.cat([evenly, masked, *([] if last is None else [last])]).unique()


def _predicting(model: Any) -> str:
    """What the names of those inputs begin with that predictions are of."""
    return "decoder_" if model.config.is_encoder_decoder else ""


@cache
def _parameters(kind: type[Any]) -> frozenset[str]:
    return frozenset(inspect.signature(kind.forward).parameters)


def kept_output(loaded: LoadedModel, inputs: Mapping[str, Any], output: Any) -> Any:
    """A model's output with its tensors on the CPU, without what it keeps for a next token, nor all of many logits."""
    import torch

    if not isinstance(output, Mapping):
        return output
    kept: dict[str, Any] = {name: value for name, value in output.items() if isinstance(value, torch.Tensor)}
    logits = kept.get("logits")
    if logits is not None and logits.ndim == 3 and logits.shape[1] > 1:
        places = told_places(loaded, inputs, logits.shape[2])
        kept["logits"] = logits if places is None else logits[:, places.to(logits.device)]
    return type(output)(**{name: value.cpu() for name, value in kept.items()})
