"""Room for a model that is about to be loaded, or fetched: those that nobody has used for the longest time leave."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.headers import missing_weights, weights_declared
from nbtransformers.loading.memory import free_memory, refuse_too_large, with_allowance
from nbtransformers.loading.registry import REGISTRY, Registry
from nbtransformers.loading.source import Source, source_of
from nbtransformers.plain_text import printable, size
from nbtransformers.request import ModelRef


def source_to_load(ref: ModelRef, on_load: Callable[[str], None] = lambda message: None) -> Source:
    """Where the files of a model are, its weights with them; none is fetched that could not be loaded in any type.

    Args:
        ref: which model; none that is a variable.
        on_load: told in one line what takes time.

    Raises:
        UserError: when it cannot be found or fetched, or takes more than this machine has.
    """
    if ref.kind == "hub" and not ref.allow_large:
        _refuse_to_fetch(source_of(ref, on_load, weights=False))
    return source_of(ref, on_load)


def _refuse_to_fetch(described: Source) -> None:
    nbytes = sum(described.sizes[file] for file in missing_weights(described))
    if not nbytes or with_allowance(nbytes) <= _could_be_free("cpu"):
        return
    weights, _ = weights_declared(described)
    if weights is None or weights.pickled:  # a pickle may be of a larger type than it is loaded in
        return
    halved, device = weights.nbytes_in("bfloat16"), _roomiest()
    if with_allowance(min(weights.nbytes, halved)) > _could_be_free(device):
        refuse_too_large(described, weights, "bfloat16", device, quantized=weights.nbytes < halved)


def _could_be_free(device: str) -> float:
    return free_memory(device) + REGISTRY.nbytes_of(REGISTRY.keys_on(device))


def _roomiest() -> str:
    import torch

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return max(["cpu", *gpus], key=free_memory)


def make_room(
    name: str,
    taken: int,
    device: str,
    budget: int | None = None,
    *,
    free: Callable[[str], float] = free_memory,
    registry: Registry = REGISTRY,
) -> tuple[str, ...]:
    """Let go of the least recently used models on a device until another one fits.

    Whatever is held by a task, a variable or a panel stays, since to forget it would free nothing.

    Args:
        name: what is to be loaded.
        taken: bytes of its weights.
        device: where it is to run.
        budget: bytes of weights that all models on the device may take together; None is what the memory holds.
        free: a device to the bytes that can be had there.
        registry: what is in memory.

    Returns:
        The names of the models that left.

    Raises:
        UserError: when the model alone takes more than the budget.

    Example:
        >>> make_room("minilm", 90_000_000, "cpu")
        ()
    """
    if budget is not None and taken > budget:
        raise UserError(
            f"{name} takes {size(taken)}, and all models together may take {size(budget)}.",
            hint=f"Type `--memory-budget {size(taken + 2**20).replace(' ', '')}`, or give a smaller model.",
        )
    needed, idle = with_allowance(taken), registry.idle(device)
    if needed > free(device) + registry.nbytes_of(key for key, _ in idle):
        return ()  # it does not fit even then, and will be refused
    left: list[str] = []
    for key, other in idle:
        held = registry.nbytes_of(registry.keys_on(device))
        if needed <= free(device) and (budget is None or held + taken <= budget):
            break
        if registry.evict(key):
            return_memory()
            left.append(other)
    return tuple(left)


def said(left: tuple[str, ...]) -> str:
    """What a result says of the models that left for its own.

    Example:
        >>> said(("minilm",))
        'minilm left memory to make room for this model, and is loaded again when asked for.'
    """
    one = len(left) == 1
    names = ", ".join(map(printable, left))
    return f"{names} left memory to make room for this model, and {'is' if one else 'are'} loaded again when asked for."


def return_memory() -> None:
    """Collect what nothing holds any more, and have the allocators return it to the machine."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        if hasattr(torch._C, "_cuda_clearCublasWorkspaces"):  # 32 MiB on an H100, which are made anew when needed
            torch._C._cuda_clearCublasWorkspaces()
        torch.cuda.empty_cache()
    with suppress(OSError, AttributeError):  # only the GNU C library keeps freed memory, and has this
        ctypes.CDLL(None).malloc_trim(0)
