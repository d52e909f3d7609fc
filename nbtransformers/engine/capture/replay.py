"""Layers whose numbers would take T² to keep: what their module was given is kept, and it is run again when asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.capture.layer import Layer
from nbtransformers.engine.capture.making import traced_layer
from nbtransformers.engine.capture.projections import Projection
from nbtransformers.engine.capture.read import Tokens
from nbtransformers.engine.capture.resting import at_rest
from nbtransformers.engine.capture.tracing import Traced, Tracer
from nbtransformers.engine.capture.unchanged import refuse_changed, version_of
from nbtransformers.engine.threads import one_thread_if_free
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count, size
from nbtransformers.progress import silent
from nbtransformers.results.attentionmaps import Floats, Steps

if TYPE_CHECKING:
    import torch

COPIES = 6
"""Of all heads' scores, that eager maths make on the way: products, biases, what is masked, weights, and the like."""

_SHARE = 0.5  # of the memory that is free
_RECENT = 256 * 2**20


class Recent:
    """The layers that were made again last: whoever looks at one head of a layer looks at the others next.

    A cell and a panel may look at once: JupyterLab has what panels ask answered in a thread of its own.
    """

    def __init__(self) -> None:
        self._layers: OrderedDict[int, tuple[Any, int]] = OrderedDict()
        self._guard = threading.RLock()

    def get(self, owner: object, make: Callable[[], tuple[Any, int]]) -> Any:
        """What an owner made before, or makes now: a value and the bytes that it takes."""
        with self._guard:
            found = self._layers.get(id(owner))
        if found is None:
            found = make()  # not under guard: it may wait for the model, which another look may hold
        with self._guard:
            self._layers[id(owner)] = found
            self._layers.move_to_end(id(owner))
            while len(self._layers) > 1 and self.nbytes > _RECENT:
                self._layers.popitem(last=False)
        return found[0]

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        with self._guard:
            return sum(nbytes for _, nbytes in self._layers.values())


@dataclass(eq=False)
class Given:
    """What an attention module was given, to run it again.

    Attributes:
        loaded: the model.
        module: the attention module.
        args: its arguments, of one row, on the CPU.
        kwargs: its keyword arguments.
        version: that of its weights when the pass ran.
    """

    loaded: LoadedModel
    module: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    version: int = field(init=False)

    def __post_init__(self) -> None:
        self.version = version_of(self.module)

    def again(self, on_attention: Callable[[Traced], None]) -> None:
        """Run it again, with the model held meanwhile.

        Raises:
            UserError: when its weights have changed.
        """
        import torch

        refuse_changed(self.module, self.version)

        tracer = Tracer(on_attention)
        device = next(self.module.parameters()).device
        args, kwargs = _moved((self.args, self.kwargs), device)
        rest = at_rest(self.module.modules())
        with alone_with(self.loaded, silent), one_thread_if_free(), torch.inference_mode(), rest, tracer.watching():
            self.module(*args, **kwargs)


@dataclass(eq=False)
class Replayed:
    """A layer that is made again when it is asked for.

    Attributes:
        given: what its module was given.
        tokens: the tokens that are no padding.
        which: the number of this attention among those that the module computes.
        shape: heads, queries and keys of the module, padding and all.
        recent: where it is kept until others are asked for.
        projection: what the concatenated outputs go through, where that is not within the module.
        projected_input: what it is given, where that is not the outputs alone.
    """

    given: Given
    tokens: Tokens
    which: int
    shape: tuple[int, int, int]
    recent: Recent
    projection: Projection | None = None
    projected_input: torch.Tensor | None = None
    heads: int = field(init=False)

    def __post_init__(self) -> None:
        self.heads = self.shape[0]

    @property
    def queries(self) -> int:
        """How many queries there are."""
        return len(self.tokens.queries)

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return len(self.tokens.keys)

    @property
    def cost(self) -> int:
        """Bytes that a look at it takes at once beyond the answer: T² for all heads."""
        heads, queries, keys = self.shape
        return 4 * COPIES * heads * queries * keys

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, what it shares with other layers not counted."""
        return 0

    def made(self) -> Layer:
        """The layer itself, made again unless it was a moment ago."""
        return self.recent.get(self, self._make)

    def _make(self) -> tuple[Layer, int]:
        refuse_too_large(self.given.loaded, self.cost, f"One look at a layer of {self.given.loaded.name}", self.queries)
        found: list[Traced] = []
        self.given.again(found.append)
        layer = traced_layer(found[self.which], self.tokens)
        layer.projection, layer.projected_input = self.projection, self.projected_input
        return layer, layer.nbytes + (0 if layer.bias is None else layer.bias.nbytes)

    def weights(self, head: int, rows: torch.Tensor) -> Floats:
        """Float32 `[query, key]` of some queries."""
        return self.made().weights(head, rows)

    def query_rows(self, head: int) -> torch.Tensor:
        """Float32 `[query, dim]`."""
        return self.made().query_rows(head)

    def key_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        return self.made().key_rows(head)

    def value_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        return self.made().value_rows(head)

    def steps(self, head: int, query: int) -> Steps:
        """How the weights of a query come about."""
        return self.made().steps(head, query)


def refuse_too_large(loaded: LoadedModel, cost: int, what: str, tokens: int) -> None:
    """Let only that be computed at once which leaves memory for others.

    Args:
        loaded: the model.
        cost: bytes that it takes at once.
        what: what is to be computed, as a sentence begins.
        tokens: of how many tokens.

    Raises:
        UserError: with both numbers, and what to type.
    """
    from nbtransformers.loading.memory import free_memory

    free = free_memory(loaded.device)
    if cost <= _SHARE * free:
        return
    raise UserError(
        f"{what} takes {size(cost)} at once for {count(tokens, 'token')}, and {size(free)} are free on "
        f"{loaded.device}.",
        hint="Type `--long truncate` with a smaller `--max-length`, or give a shorter text.",
    )


def tensors_of(value: Any) -> list[torch.Tensor]:
    """The tensors in some arguments, each once."""
    import torch
    from torch.utils._pytree import tree_leaves

    return list({id(one): one for one in tree_leaves(value) if isinstance(one, torch.Tensor)}.values())


def _moved(value: Any, device: Any) -> Any:
    import torch
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda tensor: tensor.to(device), value)


def on_cpu(value: Any) -> Any:
    """Arguments with their tensors on the CPU."""
    return _moved(value, "cpu")
