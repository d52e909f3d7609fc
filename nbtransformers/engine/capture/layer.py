"""One layer's queries, keys and values, and every number that comes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.engine.capture.biases import Bias
from nbtransformers.engine.capture.seen import Seen
from nbtransformers.errors import UserError
from nbtransformers.results.attentionmaps import Floats, Steps

if TYPE_CHECKING:
    import torch

_BLOCK = 8_000_000  # scores at a time: 32 MB
_LOOSE = {"float32": 1e-4, "float64": 1e-6}  # of the largest number; any other type has few digits
_LOOSEST = 0.04


@dataclass(eq=False)
class Layer:
    """What a pass left of one attention layer, of the tokens that are no padding; on the CPU, in the model's type.

    Attributes:
        q: `[head, query, dim]`, after any rotation.
        k: `[key head, key, dim]`; a group of heads shares each.
        v: `[key head, key, dim]`.
        scaling: of the products.
        softcap: or None.
        sinks: `[head]`, or None.
        seen: which keys a query may see.
        bias: or None.
        tried: some queries, and `came_of_them` their outputs `[query, head, dim]` in the pass: what is computed
            here must give the same.
        own: the eager maths of the layer's own module: scores of some queries and the mask to weights and outputs.
        projection: the module that the concatenated outputs go through, or None where none was found.
        projected_input: `[query, head * dim]`, what it was given where that is not the outputs alone, as with a gate.
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
    own: Any = None
    projection: Any = None
    projected_input: torch.Tensor | None = None
    _by_own: bool | None = field(default=None, init=False)

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return self.q.shape[0]

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
        """Float32 `[query, key]` of some queries: computed block by block."""
        import torch

        with torch.inference_mode():
            found = torch.empty(len(rows), self.seen.keys)
            per_block = max(1, _BLOCK // max(1, self.seen.keys))
            keys = self.key_rows(head)
            for start in range(0, len(rows), per_block):
                some = rows[start : start + per_block]
                found[start : start + per_block] = self._softmax(head, self._scores(head, some, keys))
            return found.numpy()

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

    def head_outputs(self, rows: torch.Tensor) -> torch.Tensor:
        """Float32 `[query, head, dim]`: what each head gives for some queries."""
        import torch

        outputs = [torch.from_numpy(self.weights(head, rows)) @ self.value_rows(head) for head in range(self.heads)]
        return torch.stack(outputs, 1)

    def steps(self, head: int, query: int) -> Steps:
        """How the weights of a query come about."""
        import torch

        if self.projection is None:
            raise UserError("This layer does not show what projects the outputs of its heads.")
        with torch.inference_mode():
            rows = torch.tensor([query])
            keys, values = self.key_rows(head), self.value_rows(head)
            scores = self._scores(head, rows, keys)
            weights = self._softmax(head, scores)
            outputs = self.head_outputs(rows)[0]
            given = outputs.flatten() if self.projected_input is None else self.projected_input[query]
            return Steps(
                q=self.q[head, query].float().numpy(),
                k=keys.numpy(),
                scaling=self.scaling,
                softcap=self.softcap,
                bias=None if self.bias is None else _array(self.bias.rows(head, rows)[0]),
                masked=~self.seen.rows(rows)[0].numpy(),
                scores=_array(scores[0]),
                sink=None if self.sinks is None else float(self.sinks[head]),
                weights=_array(weights[0]),
                v=values.numpy(),
                head_output=_array(outputs[head]),
                concatenated=_array(outputs.flatten()),
                projected=_array(projected(self.projection, given)),
            )

    @property
    def cost(self) -> int:
        """Bytes that a look at it takes at once beyond the answer: a block of scores."""
        return 4 * min(_BLOCK, self.q.shape[1] * self.seen.keys)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, what it shares with other layers not counted."""
        kept = (self.q, self.k, self.v, self.came_of_them, self.projected_input)
        return sum(tensor.nbytes for tensor in kept if tensor is not None)


def projected(projection: Any, given: torch.Tensor) -> torch.Tensor:
    """Float32 `[hidden]`: what a projection makes of one token's concatenated outputs."""
    weight = next(projection.parameters())
    kind = weight.dtype if weight.is_floating_point() else given.dtype
    return projection(given.to(weight.device, kind)[None])[0].float().cpu()


def _array(tensor: torch.Tensor) -> Floats:
    return np.ascontiguousarray(tensor.float().cpu().numpy())
