"""How much memory a model takes, at work and in training, before any weight of it is fetched: the one estimate.

Weights are known from a file's header, or from the shapes that a configuration gives. Training in float32 with AdamW
keeps 4 bytes a parameter, 4 more of each gradient, and 8 of AdamW's two moments (Rajbhandari et al. 2020, ZeRO,
section 3.1, in whose mixed precision it is 16 together, too). What a batch leaves for the way back is counted by
`tracing.peak_of`, operation by operation, and not by a formula for one architecture (such as that of Korthikanti et
al. 2022, Reducing Activation Recomputation in Large Transformer Models, section 4, which it agrees with).

Gradients come while activations go, and AdamW's moments are there from the second step on. On a GPU, whose allocator
hands freed blocks on, training takes at its highest the weights, the moments, and the larger of all gradients and of a
batch with the gradients that are there already. On a CPU malloc gives little back, so that gradients and the copy in
which trained weights are written come on top of what a batch has taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbtransformers.catalog.tracing import Batch, Build, peak_of
from nbtransformers.loading.weights import BYTES
from nbtransformers.results.memory import Memory

_ADAMW = 8  # bytes of what it keeps of a parameter
_FLOAT = 4
# Measured (`tests/benchmarks/fit.py`) of torch built for the CPU, and of torch built for CUDA, which takes more on the
# CPU too: Python with torch and Transformers; in training also with datasets, accelerate and peft.
_LIBRARIES = {"inference": (440 * 2**20, 750 * 2**20), "training": (620 * 2**20, 860 * 2**20)}
_CONTEXT = 500 * 2**20  # of CUDA, in each process
_COPIED = 0.25  # of the weights that are not trained: of each layer, while they are written


def in_inference(
    build: Build, config: Any, batch: Batch, device: str, dtype: str, *, nbytes: int | None = None, read: int = 0
) -> Memory:
    """The memory of a process in which a model does a task.

    Args:
        build: makes the model.
        config: its configuration.
        batch: what goes through it at once.
        device: where it runs.
        dtype: of its weights.
        nbytes: of its weights, where they stay as they are stored.
        read: bytes of its files, where these are of another type and stand beside the weights while it is loaded.

    Raises:
        Exception: whatever it is that keeps such a model from being counted.
    """
    _, every = sizes(build, config)
    working = peak_of(build, config, batch, device, dtype).whole
    return Memory(
        libraries=_libraries("inference", device),
        weights=BYTES[dtype] * every if nbytes is None else nbytes,
        activations=working if _on_gpu(device) else max(working, read),
    )


def in_training(build: Build, config: Any, batch: Batch, device: str, *, spared: int = 0) -> Memory:
    """The memory of the worker that trains a model.

    Args:
        build: makes the model, of which what is trained asks for gradients.
        config: its configuration.
        batch: what goes through it at once.
        device: where it runs.
        spared: the bytes by which its weights are smaller than in float32.

    Raises:
        Exception: whatever it is that keeps such a model from being counted.
    """
    trained, every = sizes(build, config)
    peak = peak_of(build, config, replace(batch, training=True), device)
    weights, gradients = _FLOAT * every - spared, _FLOAT * trained
    copied = int(_COPIED * max(0, weights - gradients))
    highest = max(peak.whole, gradients if _on_gpu(device) else peak.kept + max(gradients, copied))
    return Memory(
        libraries=_libraries("training", device),
        weights=weights,
        gradients=gradients,
        optimizer=_ADAMW * trained,
        activations=max(0, highest - gradients),
    )


def sizes(build: Build, config: Any) -> tuple[int, int]:
    """How many parameters are trained, and how many there are."""
    import torch

    with torch.device("meta"):
        model = build(config)
    every = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(number for number, trained in every if trained), sum(number for number, _ in every)


def _libraries(kind: str, device: str) -> int:
    import torch

    return _CONTEXT if _on_gpu(device) else _LIBRARIES[kind][torch.version.cuda is not None]


def _on_gpu(device: str) -> bool:
    return not device.startswith("cpu")
