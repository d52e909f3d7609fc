"""Attention in a window, with some tokens that see and are seen by all: Longformer's and LED's."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.layer import Layer
from nbtransformers.engine.capture.projections import Projection
from nbtransformers.engine.capture.read import Tokens, few
from nbtransformers.engine.capture.seen import Seen
from nbtransformers.results.attentionmaps import Floats, Steps

if TYPE_CHECKING:
    import torch


def is_windowed(module: Any) -> bool:
    """Whether an attention module computes scores of a window only."""
    return hasattr(module, "one_sided_attn_window_size") and hasattr(module, "query_global")


@dataclass(eq=False)
class Windowed:
    """A layer in which some queries, the global ones, go by projections of their own.

    Attributes:
        local: all queries, as if none were global.
        over_all: the global queries.
        places: of each query the number among the global ones, -1 of any other.
    """

    local: Layer
    over_all: Layer
    places: torch.Tensor

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return self.local.heads

    @property
    def queries(self) -> int:
        """How many queries there are."""
        return self.local.queries

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return self.local.keys

    @property
    def cost(self) -> int:
        """Bytes that a look at it takes at once beyond the answer."""
        return self.local.cost

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self.local.nbytes + self.over_all.nbytes + self.over_all.seen.nbytes

    @property
    def agrees(self) -> bool:
        """Whether queries, keys and the rest give the outputs that the pass gave for some queries."""
        return self.local.agrees and self.over_all.agrees

    def weights(self, head: int, rows: torch.Tensor) -> Floats:
        """Float32 `[query, key]` of some queries."""
        found = self.local.weights(head, rows)
        places = self.places[rows]
        at = (places >= 0).numpy()
        if at.any():
            found[at] = self.over_all.weights(head, places[places >= 0])
        return found

    def query_rows(self, head: int) -> torch.Tensor:
        """Float32 `[query, dim]`: of the global tokens their own."""
        rows = self.local.query_rows(head).clone()
        rows[self.places >= 0] = self.over_all.query_rows(head)
        return rows

    def key_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that all but the global queries use."""
        return self.local.key_rows(head)

    def value_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that all but the global queries use."""
        return self.local.value_rows(head)

    def steps(self, head: int, query: int) -> Steps:
        """How the weights of a query come about."""
        place = int(self.places[query])
        return self.local.steps(head, query) if place < 0 else self.over_all.steps(head, place)

    @property
    def projection(self) -> Projection | None:
        """What the concatenated outputs go through."""
        return self.local.projection

    @projection.setter
    def projection(self, found: Projection | None) -> None:
        self.local.projection = self.over_all.projection = found


def windowed_layer(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: torch.Tensor, tokens: Tokens
) -> Layer | Windowed:
    """The layer of such a module, by what it was given and gave: `output` is `[batch, query, head * dim]`."""
    import torch

    given = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    # The mask as the model hands it on: below zero where a key is hidden, above where it is global.
    hidden, state = given["hidden_states"], given["attention_mask"][0].cpu()
    total = hidden.shape[1]
    distance = torch.arange(total)[:, None] - torch.arange(total)
    shown = (distance.abs() <= module.one_sided_attn_window_size) & (state == 0) | (state > 0)
    outputs = output[0].reshape(total, module.num_heads, -1)[tokens.queries.to(output.device)].cpu()

    def layer(suffix: str, seen: Seen, queries: torch.Tensor, among: torch.Tensor) -> Layer:
        def of(name: str, numbers: torch.Tensor) -> torch.Tensor:
            rows = getattr(module, name + suffix)(hidden[0, numbers.to(hidden.device)])
            return rows.reshape(len(numbers), module.num_heads, -1).transpose(0, 1).cpu()

        tried = few(among)
        return Layer(
            q=of("query", tokens.queries[queries]),
            k=of("key", tokens.keys),
            v=of("value", tokens.keys),
            scaling=module.head_dim**-0.5,
            softcap=None,
            sinks=None,
            seen=seen,
            bias=None,
            tried=tried,
            came_of_them=outputs[queries[tried]],
        )

    every = torch.arange(len(tokens.queries))
    is_over_all = state[tokens.queries] > 0
    # What the local maths give for global queries is not used.
    local = layer("", Seen.by(shown).of(tokens.queries, tokens.keys), every, every[~is_over_all])
    if not bool(is_over_all.any()):
        return local
    over_all = every[is_over_all]
    numbers = torch.full((len(every),), -1)
    numbers[over_all] = torch.arange(len(over_all))
    seen = Seen.by((state >= 0).expand(total, total)).of(tokens.queries[over_all], tokens.keys)
    return Windowed(local, layer("_global", seen, over_all, torch.arange(len(over_all))), numbers)
