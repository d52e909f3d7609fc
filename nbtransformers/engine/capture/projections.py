"""What the outputs of a layer's heads go through next."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.anatomy import Anatomy, is_pointwise

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Projection:
    """What the outputs of the heads go through.

    Attributes:
        module: a linear module.
        shape: the axes of what it is given, behind batch and token.
    """

    module: Any
    shape: tuple[int, ...]

    def __call__(self, given: torch.Tensor) -> torch.Tensor:
        """`[hidden]` of the numbers of one token."""
        weight = next(self.module.parameters())
        kind = weight.dtype if weight.is_floating_point() else given.dtype
        shape = (1, -1, 1) if is_pointwise(self.module) else (1, 1, *self.shape)
        return self.module(given.to(weight.device, kind).reshape(shape)).flatten()


OnProjection = Callable[[Projection, "torch.Tensor | None"], None]
"""Told a projection; with it `[token, head * dim]`, what it is given where that is not the outputs themselves."""


class Projections:
    """Told which outputs of heads come next, finds the module that they go through."""

    def __init__(self) -> None:
        self._waiting: torch.Tensor | None = None
        self._within: Any = None
        self._found: OnProjection | None = None

    def wait_for(self, outputs: torch.Tensor, within: Any, found: OnProjection) -> None:
        """Tell `found` of the next linear module that is given some outputs, `[batch, token, …]`, of one row.

        Within an attention module, where they may be gated or normed on the way, that is the last module which is given
        as many numbers: a gate has its own before.
        """
        self._waiting, self._within, self._found = outputs, within, found

    def _seen(self, module: Any, given: tuple[Any, ...]) -> None:
        import torch

        if self._waiting is None or self._found is None or not given:
            return
        tensor, outputs = given[0], self._waiting
        if not isinstance(tensor, torch.Tensor) or tensor.numel() != outputs.numel():
            return
        total = outputs.shape[1]
        shape = tuple(tensor.shape[2:]) if tensor.shape[:2] == outputs.shape[:2] else (tensor.numel() // total,)
        if tensor.data_ptr() == outputs.data_ptr() or torch.equal(tensor.reshape(-1), outputs.reshape(-1)):
            self._found(Projection(module, shape), None)
            self._waiting = self._within = self._found = None
        elif self._within is not None and any(module is inner for inner in self._within.modules()):
            self._found(Projection(module, shape), tensor.reshape(total, -1))

    @contextmanager
    def watched(self, anatomy: Anatomy) -> Generator[None]:
        """Meanwhile the linear modules of a model are watched."""
        with ExitStack() as undo:
            for module in anatomy.linear:
                undo.callback(module.register_forward_pre_hook(self._seen).remove)
            yield
