"""How fast this machine multiplies matrices, and how many multiplications a text costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def matmul_rate(shapes: list[tuple[int, int, int]], onednn: bool = False, seconds: float = 1.0) -> float:
    """FLOP/s of float32 products `[m, k] @ [k, n]`, over the shapes in turn: 2·m·k·n operations each.

    The shapes are those of the model's own layers, so that the limit is that of this work and not of a
    large square product. torch's own rate is that of `torch.nn.functional.linear`; oneDNN's is that of the
    operator which the engine calls where it is faster.
    """
    calls = [_onednn_product(shape) if onednn else _torch_product(shape) for shape in shapes]
    for call in calls:
        call()
    done, started = 0.0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for call, (m, k, n) in zip(calls, shapes, strict=True):
            call()
            done += 2.0 * m * k * n
    return done / (time.perf_counter() - started)


def _torch_product(shape: tuple[int, int, int]) -> Callable[[], Any]:
    import torch

    m, k, n = shape
    left, right = torch.randn(m, k), torch.randn(n, k)
    return lambda: torch.nn.functional.linear(left, right)


def _onednn_product(shape: tuple[int, int, int]) -> Callable[[], Any]:
    import torch

    m, k, n = shape
    left, packed = torch.randn(m, k), torch.ops.mkldnn._reorder_linear_weight(torch.randn(n, k), m)
    return lambda: torch.ops.mkldnn._linear_pointwise(left, packed, None, "none", [], "")


def encoder_flops(lengths: list[int], config: Any) -> float:
    """Operations in the products of a BERT encoder over some texts, padding not counted.

    A layer has 4·h² weights in attention and 2·h·f in the feed-forward part, each used once a token, and
    two products of T × h by T in attention: 2·(4·h² + 2·h·f)·T + 4·h·T² operations for T tokens.
    Element-wise work, the embeddings and the head are left out.
    """
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    weights = 4 * hidden**2 + 2 * hidden * inner
    return float(sum(layers * (2 * weights * length + 4 * hidden * length**2) for length in lengths))


def layer_shapes(tokens: int, config: Any) -> list[tuple[int, int, int]]:
    """The products of one layer over a batch of this many tokens, as `(m, k, n)`."""
    hidden, inner = config.hidden_size, config.intermediate_size
    return [(tokens, hidden, hidden)] * 4 + [(tokens, hidden, inner), (tokens, inner, hidden)]
