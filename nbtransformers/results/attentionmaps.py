"""Where an attention result reads its numbers: weights by head and rows, and the parts that they are made of.

The engine keeps what a forward pass leaves of each layer, mostly queries and keys, and computes from it what is asked
for; a result that was read from a file, or is the difference of two, has it from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError

Part = Literal["self", "cross", "encoder"]
"""Which attention: of a text to itself (of an encoder-decoder: the decoder's), of the decoder to the encoder's text,
and of the encoder's text to itself."""

Floats = NDArray[np.float32]
Rows = slice | NDArray[np.int64]


class NoHeadError(UserError):
    """A layer has fewer heads than another, and not this one."""


class Extent(NamedTuple):
    """How much there is of a part: `[layer, head, query, key]`."""

    layers: int
    heads: int
    queries: int
    keys: int


@dataclass(frozen=True, slots=True)
class Steps:
    """How the weights of one query token in one head come about; every number is the model's own.

    `weights = softmax(cap(products.sum(dim) * scaling) + bias + mask)`, `head_output = weights @ v`, and
    `projected = concatenated @ projection`.

    Attributes:
        q: float32 `[dim]`, the query, after any rotation of its position.
        k: float32 `[key, dim]`, the keys of this head.
        scaling: what the products are multiplied by, 1/√d_k mostly.
        softcap: scores are kept within ±softcap by `softcap * tanh(score / softcap)`; None for no cap.
        bias: float32 `[key]`, what is added for the distance (ALiBi, T5); None where there is none.
        masked: bool `[key]`, the keys that this query may not see.
        scores: float32 `[key]`, what the softmax is taken of; -inf where masked.
        sink: the score of the sink, whose weight is left out; None where there is none.
        weights: float32 `[key]`, those that the head's output is made by: where a model scales outputs by what its sink
            leaves, and not its weights, they are scaled so here.
        v: float32 `[key, dim]`, the values of this head.
        head_output: float32 `[dim]`.
        concatenated: float32 `[head * dim]`, the outputs of all heads, one behind the other.
        projected: float32 `[hidden]`, what the module gives for this token.
    """

    q: Floats
    k: Floats
    scaling: float
    softcap: float | None
    bias: Floats | None
    masked: NDArray[np.bool_]
    scores: Floats
    sink: float | None
    weights: Floats
    v: Floats
    head_output: Floats
    concatenated: Floats
    projected: Floats


class Maps(Protocol):
    """The attention of one reading."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that there are; `self` is always the first."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        ...

    def extent(self, part: Part) -> Extent:
        """How much there is of a part."""
        ...

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query, key]`: the attention weights of some queries."""
        ...

    def q(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[query, dim]`: the queries of a head.

        Raises:
            UserError: when they are not kept for this model.
        """
        ...

    def k(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys that a head uses; grouped heads share them."""
        ...

    def v(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the values that a head uses."""
        ...

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        """How the weights of a query come about.

        Raises:
            UserError: when the model's own attention does not show them.
        """
        ...

    def cost(self, part: Part, layer: int) -> int:
        """Bytes that one look at a layer takes at once beyond the answer: T² for a bias or a replay, else few."""
        ...


class WeightsAlone(ABC):
    """Maps of which the weights are all that there is: no queries, keys or values, and so no steps."""

    __slots__ = ()

    @abstractmethod
    def _refuse(self) -> NoReturn:
        """Say why, and what to ask instead."""
        ...

    def q(self, part: Part, layer: int, head: int) -> Floats:
        """There are none.

        Raises:
            UserError: always.
        """
        self._refuse()

    def k(self, part: Part, layer: int, head: int) -> Floats:
        """There are none.

        Raises:
            UserError: always.
        """
        self._refuse()

    def v(self, part: Part, layer: int, head: int) -> Floats:
        """There are none.

        Raises:
            UserError: always.
        """
        self._refuse()

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        """There are none.

        Raises:
            UserError: always.
        """
        self._refuse()
