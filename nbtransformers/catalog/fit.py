"""How much memory a model takes, at work and in training, before any weight of it is fetched: the one estimate.

Weights are known from a file's header, or from the shapes that a configuration gives. Training in float32 with AdamW
keeps 4 bytes a parameter, 4 more of each gradient, and 8 of AdamW's two moments (Rajbhandari et al. 2020, ZeRO,
section 3.1, in whose mixed precision it is 16 together, too). What a batch leaves for the way back is counted by
`tracing.peak_of`, operation by operation, and not by a formula for one architecture (such as that of Korthikanti et
al. 2022, Reducing Activation Recomputation in Large Transformer Models, section 4, which it agrees with).

Gradients come while activations go, and AdamW's moments are there from the second step on. So training takes at its
highest the weights, the moments, and the larger of the batch with the gradients that are there already, and of all
gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbtransformers.catalog.tracing import Batch, Build, peak_of
from nbtransformers.loading.weights import BYTES
from nbtransformers.results.memory import Memory

_ADAMW = 8  # bytes of what it keeps of a parameter
_FLOAT = 4
# Measured on the CPU (`tests/benchmarks/fit.py`): Python with torch and Transformers, and in training with datasets,
# accelerate and peft besides.
_LIBRARIES = {"inference": 430 * 2**20, "training": 620 * 2**20}
_CONTEXT = 500 * 2**20  # of CUDA, in each process
# An allocator keeps blocks that no tensor fits into: of all that comes and goes.
_SLACK = {"cpu": 1.3, "cuda": 1.05}


def in_inference(
    build: Build, config: Any, batch: Batch, device: str, dtype: str, *, nbytes: int | None = None, packed: bool = False
) -> Memory:
    """The memory of a model that does a task.

    Args:
        build: makes the model.
        config: its configuration.
        batch: what goes through it at once.
        device: where it runs.
        dtype: of its weights.
        nbytes: of its weights, where they stay as they are stored.
        packed: whether its linear layers are kept a second time, packed for oneDNN.

    Raises:
        Exception: whatever it is that keeps such a model from being counted.
    """
    every, linear = sizes(build, config)[1:]
    weights = nbytes or BYTES[dtype] * every
    working = peak_of(build, config, batch, device, dtype)
    return Memory(
        libraries=_libraries("inference", device),
        weights=weights + (_FLOAT * linear if packed else 0),
        activations=_with_slack(working, device),
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
    trained, every, _ = sizes(build, config)
    peak = _with_slack(peak_of(build, config, replace(batch, training=True), device), device)
    gradients = _FLOAT * trained
    return Memory(
        libraries=_libraries("training", device),
        weights=_FLOAT * every - spared,
        gradients=gradients,
        optimizer=_ADAMW * trained,
        activations=max(0, peak - gradients),
    )


def sizes(build: Callable[[Any], Any], config: Any) -> tuple[int, int, int]:
    """How many parameters are trained, how many there are, and how many of these are in plain linear layers."""
    import torch

    with torch.device("meta"):
        model = build(config)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    every = sum(weight.numel() for weight in model.parameters())
    linear = sum(module.weight.numel() for module in model.modules() if type(module) is torch.nn.Linear)
    return trained, every, linear


def _libraries(kind: str, device: str) -> int:
    return _CONTEXT if device.startswith("cuda") else _LIBRARIES[kind]


def _with_slack(nbytes: int, device: str) -> int:
    return int(nbytes * _SLACK["cuda" if device.startswith("cuda") else "cpu"])
