"""Attention whose weights are computed from queries and keys that are kept as arrays: O(tokens) of memory, not its
square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.results.attentionmaps import Extent, Floats, NoHeadError, Part, Rows, Steps


@dataclass(frozen=True, slots=True, eq=False)
class KeptLayer:
    """What the weights of a layer are computed from.

    Attributes:
        q: float32 `[head, query, dim]`, after any rotation.
        k: float32 `[key head, key, dim]`; a group of heads shares each.
        v: float32 `[key head, key, value dim]`.
        scaling: of the products, as float64 `[1]`.
        softcap: float64 `[1]`; None for no cap.
        sinks: float32 `[head]`; None for none.
        first: int64 `[query]`, the first key that each query sees; None where `seen` is kept.
        stop: int64 `[query]`, the one behind the last.
        seen: bool `[query, key]`, the keys that each query sees, where they are no run; else None.
        by_distance: float32 `[head or 1, distance]`, what is added for key minus query, from 1 - queries to keys - 1.
        bias: float32 `[head or 1, query or 1, key]`, what is added otherwise.
    """

    q: Floats
    k: Floats
    v: Floats
    scaling: NDArray[np.float64]
    softcap: NDArray[np.float64] | None = None
    sinks: Floats | None = None
    first: NDArray[np.int64] | None = None
    stop: NDArray[np.int64] | None = None
    seen: NDArray[np.bool_] | None = None
    by_distance: Floats | None = None
    bias: Floats | None = None

    def weights(self, head: int, rows: NDArray[np.int64]) -> Floats:
        """Float32 `[query, key]` of some queries."""
        scores = (self.q[head][rows] @ self.keys(head).T) * np.float32(self.scaling[0])
        if self.softcap is not None:
            cap = np.float32(self.softcap[0])
            scores = np.tanh(scores / cap) * cap
        if self.by_distance is not None:
            line, keys = self.by_distance[head % len(self.by_distance)], np.arange(scores.shape[1])
            scores = scores + line[self.q.shape[1] - 1 - rows[:, None] + keys]
        if self.bias is not None:
            bias = self.bias[head % len(self.bias)]
            scores = scores + (bias if len(bias) == 1 else bias[rows])
        scores[~self._seen(rows, scores.shape[1])] = -np.inf
        return self._softmax(head, scores)

    def keys(self, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys that a head uses."""
        return self.k[head * len(self.k) // len(self.q)]

    def values(self, head: int) -> Floats:
        """Float32 `[key, dim]`: the values that a head uses."""
        return self.v[head * len(self.v) // len(self.q)]

    def _seen(self, rows: NDArray[np.int64], keys: int) -> NDArray[np.bool_]:
        if self.seen is not None:
            return self.seen[rows]
        assert self.first is not None and self.stop is not None
        numbers = np.arange(keys)
        return (numbers >= self.first[rows, None]) & (numbers < self.stop[rows, None])

    def _softmax(self, head: int, scores: Floats) -> Floats:
        most = scores.max(axis=1, keepdims=True)
        sink = None if self.sinks is None else np.float32(self.sinks[head])
        if sink is not None:
            most = np.maximum(most, sink)
        weights = np.exp(scores - most, dtype=np.float32)
        total = weights.sum(axis=1, keepdims=True)
        return weights / (total if sink is None else total + np.exp(sink - most))

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        kept = (getattr(self, name) for name in self.__slots__)
        return sum(array.nbytes for array in kept if array is not None)


@runtime_checkable
class HasLayers(Protocol):
    """Maps that can give what their weights are computed from."""

    def kept_layer(self, part: Part, layer: int) -> KeptLayer | None:
        """A layer; None where only its weights can be had."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class KeyMaps:
    """The maps of layers that are kept so.

    Attributes:
        layers: part to its layers; `self` comes first.
    """

    layers: Mapping[Part, Sequence[KeptLayer]]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that there are."""
        return tuple(self.layers)

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return sum(layer.nbytes for layers in self.layers.values() for layer in layers)

    def extent(self, part: Part) -> Extent:
        """How much there is of a part; of layers with unlike numbers of heads the most."""
        layers = self.layers[part]
        return Extent(len(layers), max(len(layer.q) for layer in layers), layers[0].q.shape[1], layers[0].k.shape[1])

    def kept_layer(self, part: Part, layer: int) -> KeptLayer | None:
        """A layer."""
        return self.layers[part][layer]

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query, key]`: the weights of some queries."""
        found = self._of(part, layer, head)
        return found.weights(head, np.arange(found.q.shape[1])[rows])

    def q(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[query, dim]`: the queries of a head."""
        return self._of(part, layer, head).q[head]

    def k(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys that a head uses."""
        return self._of(part, layer, head).keys(head)

    def v(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the values that a head uses."""
        return self._of(part, layer, head).values(head)

    def _of(self, part: Part, layer: int, head: int) -> KeptLayer:
        """The layer of a head: it may have fewer than another."""
        found = self.layers[part][layer]
        if head >= len(found.q):
            raise NoHeadError(
                f"Layer {layer} has {count(len(found.q), 'head')}, and no head {head}.",
                hint=f"They are numbered from 0 to {len(found.q) - 1}.",
            )
        return found

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        """They need the model, whose projection is not kept.

        Raises:
            UserError: always.
        """
        raise UserError(
            "The steps need the model, whose projection is not kept here.",
            hint="Look at the text with the model again: `nbt.attention(text, model=…)`.",
        )

    def cost(self, part: Part, layer: int) -> int:
        """Nothing beyond the answer."""
        return 0
