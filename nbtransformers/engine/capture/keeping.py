"""A layer of a pass as arrays, for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nbtransformers.engine.capture.layer import Layer
from nbtransformers.results.attentionkeys import KeptLayer
from nbtransformers.results.attentionmaps import Floats

if TYPE_CHECKING:
    import torch


def kept_layer(layer: Layer) -> KeptLayer:
    """What the weights of a layer are computed from, as NumPy has it."""
    seen, bias = layer.seen, layer.bias
    return KeptLayer(
        q=_floats(layer.q),
        k=_floats(layer.k),
        v=_floats(layer.v),
        scaling=np.array([layer.scaling]),
        softcap=None if layer.softcap is None else np.array([float(layer.softcap)]),
        sinks=None if layer.sinks is None or layer.sinks_apart else _floats(layer.sinks),
        first=None if seen.first is None else seen.first.numpy(),
        stop=None if seen.stop is None else seen.stop.numpy(),
        seen=None if seen.whole is None else seen.whole.numpy(),
        by_distance=None if bias is None or bias.by_distance is None else _floats(bias.by_distance),
        bias=None if bias is None or bias.whole is None else _floats(bias.whole),
    )


def _floats(tensor: torch.Tensor) -> Floats:
    return tensor.detach().float().cpu().numpy()
