"""The bundled model that may do in the place of one that does not fit."""

from __future__ import annotations

from collections.abc import Mapping

from nbtransformers.loading.bundled import BUNDLED, BUNDLED_ENCODER
from nbtransformers.loading.heads import Head
from nbtransformers.loading.smollm2 import BUNDLED_DECODER

_FLOAT = 4  # bytes
# What labels by `--labels`, embeds, or can be fine-tuned to; and what writes. Nothing that is bundled does the rest.
_IN_PLACE_OF: Mapping[Head, str] = {
    "classifier": BUNDLED_ENCODER,
    "encoder": BUNDLED_ENCODER,
    "masked": BUNDLED_ENCODER,
    "causal": BUNDLED_DECODER,
}
_TO_TRAIN: Mapping[Head, str] = {"tokens": BUNDLED_ENCODER, "spans": BUNDLED_ENCODER}


def smaller_model(head: Head, free: float, *, training: bool = False) -> str | None:
    """The name of a bundled model of a kind whose weights have room; None when there is none.

    Args:
        head: what the model that does not fit is.
        free: bytes.
        training: whether it is to be trained, with gradients and the moments of AdamW.

    Example:
        >>> smaller_model("causal", 2**30), smaller_model("causal", 2**20)
        ('smollm2', None)
    """
    name = _IN_PLACE_OF.get(head) or (_TO_TRAIN.get(head) if training else None)
    if name is None:
        return None
    return name if BUNDLED[name].parameters * _FLOAT * (4 if training else 1) < free else None
