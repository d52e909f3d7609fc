"""What the outputs of a layer's heads go through next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from nbtransformers.engine.capture.anatomy import Anatomy, is_pointwise
from nbtransformers.engine.capture.unchanged import refuse_changed, version_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Projection:
    """What the outputs of the heads go through.

    Attributes:
        module: a linear module.
        shape: the axes of what it is given, behind batch and token.
        version: that of its weights when the pass ran.
    """

    module: Any
    shape: tuple[int, ...]
    version: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", version_of(self.module))

    def __call__(self, given: torch.Tensor) -> torch.Tensor:
        """`[hidden]` of the numbers of one token.

        Raises:
            UserError: when its weights have changed.
        """
        refuse_changed(self.module, self.version)
        weight = next(self.module.parameters())
        kind = weight.dtype if weight.is_floating_point() else given.dtype
        shape = (1, -1, 1) if is_pointwise(self.module) else (1, 1, *self.shape)
        return self.module(given.to(weight.device, kind).reshape(shape)).flatten()


OnProjection = Callable[[Projection, "torch.Tensor | None"], None]
"""Told a projection; with it `[token, head * dim]`, what it is given where that is not the outputs themselves."""


_KNOWN: WeakKeyDictionary[Any, tuple[str, ref[Any]]] = WeakKeyDictionary()
"""Attention modules that go by the interface, each with the name and the module of its projection in the last pass."""


class Projections:
    """Told which outputs of heads come next, finds the module that they go through.

    To watch every linear module costs a short text a tenth of its pass: once the projections are known, only these
    are watched, until an attention module is run that is not known.

    Args:
        anatomy: the model's.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy
        self._waiting: torch.Tensor | None = None
        self._within: Any = None
        self._found: OnProjection | None = None
        self._known: dict[int, Any] = {}  # attention modules by their ids, where only their projections are watched
        self._undo = ExitStack()

    def wait_for(self, outputs: torch.Tensor, within: Any, found: OnProjection) -> None:
        """Tell `found` of the next linear module that is given some outputs, `[batch, token, …]`, of one row.

        Within an attention module, where they may be gated or normed on the way, that is the last module which is given
        as many numbers: a gate has its own before.
        """
        if self._known and id(within) not in self._known:
            self._watch_all()
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
            self._tell(Projection(module, shape), None)
            self._waiting = self._within = self._found = None
        elif self._within is not None and any(module is inner for inner in self._within.modules()):
            self._tell(Projection(module, shape), tensor.reshape(total, -1))

    def _tell(self, projection: Projection, given: torch.Tensor | None) -> None:
        if self._within is not None:
            _KNOWN[self._within] = (self._anatomy.name_of(projection.module), ref(projection.module))
        if self._found is not None:
            self._found(projection, given)

    @contextmanager
    def watched(self) -> Generator[None]:
        """Meanwhile the linear modules of a model are watched, or those of them that are known to be projections."""
        self._known = self._still_known()
        with self._undo:
            if self._known:
                self._watch({id(one): one for one in self._known.values()}.values())
            else:
                self._watch_all()
            yield

    def _still_known(self) -> dict[int, Any]:
        """Attention modules with their projections, where each stands in its place still: another may wrap it."""
        if self._anatomy.outside_interface:
            return {}
        found = {id(one): _KNOWN[one] for one in self._anatomy.modules if one in _KNOWN}
        modules = {number: module() for number, (_, module) in found.items()}
        stands = all(self._anatomy.named(name) is modules[number] for number, (name, _) in found.items())
        return modules if stands else {}

    def _watch_all(self) -> None:
        self._known = {}
        self._undo.pop_all().close()
        self._watch(self._anatomy.linear)

    def _watch(self, modules: Iterable[Any]) -> None:
        for module in modules:
            self._undo.callback(module.register_forward_pre_hook(self._seen).remove)
