"""One layer's queries, keys and values, and every number that comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nbtransformers.engine.capture.biases import Bias
from nbtransformers.engine.capture.projections import Projection
from nbtransformers.engine.capture.seen import Seen
from nbtransformers.errors import UserError
from nbtransformers.results.attentionmaps import Floats, Steps

if TYPE_CHECKING:
    import torch

_BLOCK = 8_000_000  # scores at a time: 32 MB
# How far the outputs of a pass may be from those that its queries and keys give, as a share of the largest: what a
# type rounds. A scaling, a mask or a bias that was missed is off by far more.
_ROUNDED = {"torch.float32": 1e-3, "torch.float64": 1e-6}
_ROUNDED_IN_16_BITS = 0.06


class Layered(Protocol):
    """A layer as maps ask for it, whether what it takes is kept or made again."""

    @property
    def heads(self) -> int:
        """How many heads there are."""
        ...

    @property
    def queries(self) -> int:
        """How many queries there are."""
        ...

    @property
    def keys(self) -> int:
        """How many keys there are."""
        ...

    @property
    def cost(self) -> int:
        """Bytes that a look at it takes at once beyond the answer."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, what it shares with other layers not counted."""
        ...

    def weights(self, head: int, rows: torch.Tensor) -> Floats:
        """Float32 `[query, key]` of some queries."""
        ...

    def query_rows(self, head: int) -> torch.Tensor:
        """Float32 `[query, dim]`."""
        ...

    def key_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        ...

    def value_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        ...

    def steps(self, head: int, query: int) -> Steps:
        """How the weights of a query come about."""
        ...


@dataclass(eq=False)
class Layer:
    """What a pass left of one attention layer, of the tokens that are no padding; on the CPU, in the model's type.

    Attributes:
        q: `[head, query, dim]`, after any rotation.
        k: `[key head, key, dim]`; a group of heads shares each.
        v: `[key head, key, dim]`.
        scaling: of the products.
        softcap: or None.
        sinks: `[head]`, or None: scores that take their share of a softmax, and have no value.
        seen: which keys a query may see.
        bias: or None.
        tried: some queries, and `came_of_them` their outputs `[query, head, dim]` in the pass: what is computed
            here must give the same.
        own: the eager maths of the layer's own module, for when it does not: queries, keys, values and what is added
            to the scores, each with a batch axis, to outputs and weights. None where it is not known.
        projection: what the concatenated outputs go through; None where it is not known.
        projected_input: `[query, head * dim]`, what it was given where that is not the outputs alone, as with a gate.
        projected: `[query, hidden]`, what came out of it, where that was kept in its place.
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    scaling: float
    softcap: float | None
    sinks: torch.Tensor | None
    seen: Seen
    bias: Bias | None
    tried: torch.Tensor
    came_of_them: torch.Tensor
    own: Callable[..., tuple[torch.Tensor, torch.Tensor]] | None = None
    projection: Projection | None = None
    projected_input: torch.Tensor | None = None
    projected: torch.Tensor | None = None
    _by_own: bool | None = field(default=None, init=False)
    _sinks_apart: bool | None = field(default=None, init=False)

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return self.q.shape[0]

    @property
    def queries(self) -> int:
        """How many queries there are."""
        return self.q.shape[1]

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return self.seen.keys

    def query_rows(self, head: int) -> torch.Tensor:
        """Float32 `[query, dim]`."""
        return self.q[head].float()

    def key_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        return self.k[head * self.k.shape[0] // self.heads].float()

    def value_rows(self, head: int) -> torch.Tensor:
        """Float32 `[key, dim]`: those that a head uses."""
        return self.v[head * self.v.shape[0] // self.heads].float()

    def weights(self, head: int, rows: torch.Tensor) -> Floats:
        """Float32 `[query, key]` of some queries: computed block by block.

        Raises:
            UserError: when what was kept does not give what the pass gave.
        """
        import torch

        with torch.inference_mode():
            found = torch.empty(len(rows), self.keys)
            per_block = max(1, _BLOCK // (max(1, self.keys) * (self.heads if self.goes_by_own else 1)))
            keys = self.key_rows(head)
            for start in range(0, len(rows), per_block):
                some = rows[start : start + per_block]
                found[start : start + per_block] = self._weights(head, some, keys)
            return found.numpy()

    def _weights(self, head: int, rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        if self.goes_by_own:
            return self._own_maths(rows)[1][head]
        scores = self._scores(head, rows, keys)
        return scores.softmax(-1) if self.sinks_apart else self._softmax(head, scores)

    @property
    def sinks_apart(self) -> bool:
        """Whether the module's own weights know nothing of its sinks, which scale the outputs (Granite's)."""
        if self._sinks_apart is None:
            self._sinks_apart = self.sinks is not None and self.own is not None and self._own_leaves_sinks_out()
        return self._sinks_apart

    def _own_leaves_sinks_out(self) -> bool:
        rows = self.tried
        own = self._own_maths(rows)[1]
        scores = [self._scores(head, rows, self.key_rows(head)) for head in range(self.heads)]
        without, within = 0.0, 0.0
        for head, one in enumerate(scores):
            without += float((one.softmax(-1) - own[head]).abs().sum())
            within += float((self._softmax(head, one) - own[head]).abs().sum())
        return without < within

    def _scores(self, head: int, rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        scores = (self.q[head][rows].float() @ keys.T) * self.scaling
        if self.softcap is not None:
            scores = (scores / self.softcap).tanh() * self.softcap
        if self.bias is not None:
            scores = scores + self.bias.rows(head, rows)
        return scores.masked_fill_(~self.seen.rows(rows), float("-inf"))

    def _softmax(self, head: int, scores: torch.Tensor) -> torch.Tensor:
        import torch

        if self.sinks is None:
            return scores.softmax(-1)
        sink = self.sinks[head].float().expand(len(scores), 1)
        return torch.cat([scores, sink], -1).softmax(-1)[:, :-1]

    def _given_out(self, head: int, rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """The weights that the outputs are made by: with sinks that scale outputs, scaled so."""
        if self.sinks_apart and not self.goes_by_own:
            return self._softmax(head, self._scores(head, rows, keys))
        return self._weights(head, rows, keys)

    def head_outputs(self, rows: torch.Tensor) -> torch.Tensor:
        """Float32 `[query, head, dim]`: what each head gives for some queries."""
        import torch

        if self.goes_by_own:
            return self._own_maths(rows)[0]
        with torch.inference_mode():
            return self._plain_outputs(rows)

    def _plain_outputs(self, rows: torch.Tensor) -> torch.Tensor:
        import torch

        outputs = [
            self._softmax(head, self._scores(head, rows, self.key_rows(head))) @ self.value_rows(head)
            for head in range(self.heads)
        ]
        return torch.stack(outputs, 1)

    # --- is it what the pass computed? ---

    @property
    def agrees(self) -> bool:
        """Whether queries, keys and the rest give the outputs that the pass gave for some queries."""
        import torch

        with torch.inference_mode():
            return not len(self.tried) or self._is_near(self._plain_outputs(self.tried))

    def _is_near(self, outputs: torch.Tensor) -> bool:
        wanted = self.came_of_them.float()
        allowed = _ROUNDED.get(str(self.q.dtype), _ROUNDED_IN_16_BITS) * float(wanted.abs().max().clamp(min=1e-6))
        return outputs.shape == wanted.shape and bool(((outputs - wanted).abs() <= allowed).all())

    @property
    def goes_by_own(self) -> bool:
        """Whether the weights are those of the module's own maths, since the plain ones give something else.

        Raises:
            UserError: when these do not give what the pass gave, either.
        """
        import torch

        if self._by_own is None:
            by_own = not self.agrees
            if by_own:
                with torch.inference_mode():
                    if self.own is None or not self._is_near(self._own_maths(self.tried)[0]):
                        raise UserError(
                            "The attention of this layer is not what its queries and keys give.",
                            hint="Look at another layer, or load the model with attn_implementation='eager'.",
                        )
            self._by_own = by_own
        return self._by_own

    def _own_maths(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs `[query, head, dim]` and weights `[head, query, key]` of some queries."""
        import torch

        assert self.own is not None
        added = torch.zeros(1, len(rows), self.keys).masked_fill_(~self.seen.rows(rows), torch.finfo(self.q.dtype).min)
        if self.bias is not None:
            biases = [self.bias.rows(head, rows) for head in range(self.heads)]
            added = (added + torch.stack(biases)).clamp(min=torch.finfo(self.q.dtype).min)
        with torch.inference_mode():
            given = (self.q[:, rows], self.k, self.v, added.to(self.q.dtype))
            outputs, weights = self.own(*(tensor[None] for tensor in given))
        return outputs[0].float().cpu(), weights[0].float().cpu()

    # --- how it comes about ---

    def steps(self, head: int, query: int) -> Steps:
        """How the weights of a query come about.

        Raises:
            UserError: when it is not known what the outputs are projected by.
        """
        import torch

        with torch.inference_mode():
            rows = torch.tensor([query])
            keys = self.key_rows(head)
            outputs = self.head_outputs(rows)[0]
            return Steps(
                q=_array(self.q[head, query]),
                k=_array(keys),
                scaling=self.scaling,
                softcap=self.softcap,
                bias=None if self.bias is None else _array(self.bias.rows(head, rows)[0]),
                masked=~self.seen.rows(rows)[0].numpy(),
                scores=_array(self._scores(head, rows, keys)[0]),
                sink=None if self.sinks is None else float(self.sinks[head]),
                weights=_array(self._given_out(head, rows, keys)[0]),
                v=_array(self.value_rows(head)),
                head_output=_array(outputs[head]),
                concatenated=_array(outputs.flatten()),
                projected=_array(self._projected(query, outputs.flatten())),
            )

    def _projected(self, query: int, outputs: torch.Tensor) -> torch.Tensor:
        """`[hidden]`: what comes of one token's concatenated outputs."""
        if self.projected is not None:
            return self.projected[query]
        if self.projection is None:
            raise UserError(
                "This model does not show how the outputs of its heads are projected.",
                hint="The weights are there: `attention[layer, head]`.",
            )
        return self.projection(outputs if self.projected_input is None else self.projected_input[query])

    @property
    def cost(self) -> int:
        """Bytes that a look at it takes at once beyond the answer: a block of scores."""
        return 4 * min(_BLOCK, self.queries * self.keys)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, what it shares with other layers not counted."""
        kept = (self.q, self.k, self.v, self.came_of_them, self.projected_input, self.projected)
        return sum(tensor.nbytes for tensor in kept if tensor is not None)


def _array(tensor: torch.Tensor) -> Floats:
    return np.array(tensor.float().cpu().numpy())  # a copy: what is kept is not the caller's to change
