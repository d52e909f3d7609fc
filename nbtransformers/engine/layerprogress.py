"""How far a single forward pass is, by the layers that are done: one of thousands of tokens takes its time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from nbtransformers.progress import OnProgress, Pace, Progress


@contextmanager
def told_by_layers(
    model: Any, message: str, on_progress: OnProgress, on_layer: Callable[[], None] = lambda: None
) -> Generator[None]:
    """Meanwhile each layer that a pass is done with is told, and counted by `on_layer`; no hook of it stays.

    Example:
        >>> with told_by_layers(model, "Reading the text", on_progress):
        ...     model(**inputs)
    """
    layers = [layer for stack in _stacks(model) for layer in stack]
    tell, done = Pace(on_progress), 0

    def one_more(*_: Any) -> None:
        nonlocal done
        on_layer()
        done = min(done + 1, len(layers))  # a layer may be run again and again
        tell(Progress("running", message, done, len(layers), unit="layers"))

    tell(Progress("running", message, 0, len(layers) or None, unit="layers"))
    with ExitStack() as undo:
        for layer in layers:
            undo.callback(layer.register_forward_hook(one_more).remove)
        yield


def _stacks(module: Any) -> list[Any]:
    """The lists of layers that are in no other such list."""
    import torch

    if isinstance(module, torch.nn.ModuleList):
        return [module] if len(module) > 1 else []
    return [stack for child in module.children() for stack in _stacks(child)]
