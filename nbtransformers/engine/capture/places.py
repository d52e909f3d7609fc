"""Which part of a model an attention module is of, and what its heads' outputs go through next."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.listening import uses_interface
from nbtransformers.results.attentionmaps import Part

if TYPE_CHECKING:
    import torch

_CROSS = re.compile(r"cross|enc_?dec|encoder_?attn", re.IGNORECASE)


def parts_of(model: Any) -> Callable[[Any], Part]:
    """What tells the part of each attention module of a model."""
    encoder = _encoder(model)
    inside = set() if encoder is None else {id(module) for module in encoder.modules()}
    names = {id(module): name for name, module in model.named_modules()}

    def part(module: Any) -> Part:
        if id(module) in inside:
            return "encoder"
        # `encoder_attn` is a name within a decoder's layer; a model of its own that is called encoder was told above.
        return "cross" if _CROSS.search(names.get(id(module), "")) else "self"

    return part


def _encoder(model: Any) -> Any:
    if not getattr(model.config, "is_encoder_decoder", False):
        return None
    found = model.get_encoder()
    return None if found is model else found


_ATTENTION = re.compile(r"attention|attn", re.IGNORECASE)


def outside_interface(model: Any) -> list[Any]:
    """The attention modules of a model that do not go by Transformers' interface, as their classes' names tell.

    Of those that lie in one another the innermost.
    """

    def is_one(module: Any) -> bool:
        return _ATTENTION.search(type(module).__name__) is not None and not uses_interface(module)

    return [
        module
        for module in model.modules()
        if is_one(module) and not any(is_one(inner) for inner in module.modules() if inner is not module)
    ]


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
    def watched(self, model: Any) -> Generator[None]:
        """Meanwhile the linear modules of a model are watched."""
        with ExitStack() as undo:
            for module in model.modules():
                if is_linear(module):
                    undo.callback(module.register_forward_pre_hook(self._seen).remove)
            yield


def is_linear(module: Any) -> bool:
    """Whether a module is a matrix product with weights, of whichever library."""
    from transformers.pytorch_utils import Conv1D

    return isinstance(module, Conv1D) or "Linear" in type(module).__name__
