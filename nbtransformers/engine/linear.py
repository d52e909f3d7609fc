"""Linear layers through oneDNN, on CPUs where it multiplies faster than torch's default library.

For float32 torch multiplies with MKL, which does not use the wide vectors of many AMD processors. torch
also carries oneDNN, which does; `torch.compile` calls it by the same operators. Measured on an AMD EPYC
with AVX-512, one thread, this model's layers: MKL 85 to 97 GFLOP/s, oneDNN 191 to 220. Which of the two is
faster here is found out by timing one layer of the model itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.threads import torch_threads
from nbtransformers.loading.registry import LoadedModel

if TYPE_CHECKING:
    import torch

WORTH_PACKING = 2_000  # tokens; for fewer the packing costs more than it brings

_PROBE_TOKENS = 256
_PROBE_ROUNDS = 5
_CLEARLY_FASTER = 1.15
_SHARE_OF_FREE_MEMORY = 0.25  # a packed weight is a copy
_SAME = 1e-5  # relative; both libraries round, each in its own order

Packed = list[tuple[Any, Callable[[Any], Any]]]
"""A linear layer of a model, and what is to be called in its place."""


def packed_linears(loaded: LoadedModel, tokens: int) -> Packed:
    """A model's linear layers for oneDNN; none when torch's own are as fast, or the work is too little to find out.

    They are packed once, and kept in the model's notes.
    """
    if "linears" not in loaded.notes:
        if tokens < WORTH_PACKING:
            return []
        with torch_threads(1):
            loaded.notes["linears"] = _packed(loaded)
    packed: Packed = loaded.notes["linears"]
    if loaded.folder is None:
        del loaded.notes["linears"]  # a user's own model may be trained on, and these are copies of its weights
    return packed


def packed_alike(module: Any) -> Packed:
    """The linear layers of a module on the CPU for oneDNN, by what the processor is and not by a clock.

    Each library rounds in an order of its own: where numbers are to come out alike whenever they are made anew, no
    stopwatch may choose. Of processors with AVX-512, oneDNN is the faster on AMD's, and no slower on Intel's.
    """
    import torch

    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return []
    layers = [layer for layer in _layers(module) if type(layer.weight) is torch.nn.Parameter]
    layers = [layer for layer in layers if layer.weight.dtype == torch.float32]
    return [(layer, _through_onednn(layer)) for layer in layers] if _fits(layers) else []


@contextmanager
def in_their_place(packed: Packed) -> Generator[None]:
    """Call the packed layers meanwhile; afterwards the model is as it was. The caller holds the model's lock."""
    for layer, forward in packed:
        layer.forward = forward  # shadows the method of the class
    try:
        yield
    finally:
        for layer, _ in packed:
            del layer.forward


def _packed(loaded: LoadedModel) -> Packed:
    layers = _layers(loaded.model) if (loaded.device, loaded.dtype) == ("cpu", "float32") else []
    if not layers or not _fits(layers):
        return []
    # The layer with the commonest shape stands for all.
    shapes = [tuple(layer.weight.shape) for layer in layers]
    probe = layers[shapes.index(max(set(shapes), key=shapes.count))]
    return [(layer, _through_onednn(layer)) for layer in layers] if _is_faster(probe) else []


def _layers(module: Any) -> list[torch.nn.Linear]:
    import torch

    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return []
    # Only plain layers: an adapter or a quantised layer is a subclass, and does more than multiply.
    layers = (layer for layer in module.modules() if type(layer) is torch.nn.Linear)
    return [layer for layer in layers if "forward" not in vars(layer)]


def _fits(layers: list[torch.nn.Linear]) -> bool:
    import psutil

    return sum(layer.weight.nbytes for layer in layers) < _SHARE_OF_FREE_MEMORY * psutil.virtual_memory().available


def _through_onednn(layer: torch.nn.Linear) -> Callable[[Any], Any]:
    import torch

    operators: Any = torch.ops.mkldnn
    weight = operators._reorder_linear_weight(layer.weight.detach(), _PROBE_TOKENS)
    bias = layer.bias

    def forward(inputs: Any) -> Any:
        return operators._linear_pointwise(inputs, weight, bias, "none", [], "")

    return forward


def _is_faster(layer: torch.nn.Linear) -> bool:
    import torch

    with torch.inference_mode():
        inputs = torch.randn(_PROBE_TOKENS, layer.in_features)
        plain, packed = layer.forward, _through_onednn(layer)
        expected = plain(inputs)
        if (packed(inputs) - expected).abs().max() > _SAME * expected.abs().max():
            return False
        # Alternating, and the fastest of each: on a shared machine the slow ones tell of the neighbours.
        times = [(_seconds(plain, inputs), _seconds(packed, inputs)) for _ in range(_PROBE_ROUNDS)]
    return min(first for first, _ in times) > _CLEARLY_FASTER * min(second for _, second in times)


def _seconds(call: Callable[[Any], Any], inputs: Any) -> float:
    started = time.perf_counter()
    call(inputs)
    return time.perf_counter() - started
