"""What the outputs of a layer's heads go through next."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.anatomy import Anatomy

if TYPE_CHECKING:
    import torch


class Projections:
    """Told which outputs of heads come next, finds the module that they go through."""

    def __init__(self) -> None:
        self._waiting: torch.Tensor | None = None
        self._found: Callable[[Any, torch.Tensor | None], None] | None = None

    def wait_for(self, outputs: torch.Tensor, found: Callable[[Any, torch.Tensor | None], None]) -> None:
        """Tell `found` of the next linear module that is given as many numbers as there are in `outputs`.

        With it, what that module is given where this is not the outputs themselves.
        """
        self._waiting, self._found = outputs, found

    def _seen(self, module: Any, given: tuple[Any, ...]) -> None:
        import torch

        if self._waiting is None or self._found is None or not given:
            return
        tensor, outputs = given[0], self._waiting
        if not isinstance(tensor, torch.Tensor) or tensor.numel() != outputs.numel():
            return
        same = tensor.data_ptr() == outputs.data_ptr() or torch.equal(tensor.reshape(-1), outputs.reshape(-1))
        self._found(module, None if same else tensor)
        self._waiting = self._found = None

    @contextmanager
    def watched(self, anatomy: Anatomy) -> Generator[None]:
        """Meanwhile the linear modules of a model are watched."""
        with ExitStack() as undo:
            for module in anatomy.linear:
                undo.callback(module.register_forward_pre_hook(self._seen).remove)
            yield
