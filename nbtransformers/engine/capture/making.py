"""A layer, made of what one attention was given and gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.biases import Bias
from nbtransformers.engine.capture.layer import Layer
from nbtransformers.engine.capture.listening import Call, sinks_of
from nbtransformers.engine.capture.read import Tokens
from nbtransformers.engine.capture.seen import Seen
from nbtransformers.engine.capture.tracing import HIDDEN, Traced

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Masks:
    """What masks say, read once for all layers that they are given to."""

    _known: dict[Any, tuple[Any, Seen, Bias | None]] = field(default_factory=dict[Any, tuple[Any, Seen, Bias | None]])

    def read(
        self, added: Sequence[torch.Tensor], causal: bool, total: tuple[int, int], tokens: Tokens
    ) -> tuple[Seen, Bias | None]:
        """Which keys are seen and what is added: as the function of that name has it."""
        key = (*((one.data_ptr(), one.shape, one.stride()) for one in added), causal, total)
        if key not in self._known:
            # With the tensors, whose addresses would else be others' meanwhile.
            self._known[key] = (added, *read(added, causal, total, tokens))
        return self._known[key][1:]


def heard_layer(call: Call, output: torch.Tensor, tokens: Tokens, masks: Masks) -> Layer:
    """The layer of a call of the interface; `output` is `[batch, query, head, dim]`, of one row."""
    added = [one for one in (call.options.get("position_bias"), call.mask) if one is not None]
    causal = call.causal and call.mask is None
    seen, bias = masks.read(added, causal, (call.query.shape[2], call.key.shape[2]), tokens)
    sinks = sinks_of(call.module, call.options)
    return Layer(
        q=_some(call.query[0], tokens.queries),
        k=_some(call.key[0], tokens.keys),
        v=_some(call.value[0], tokens.keys),
        scaling=call.query.shape[-1] ** -0.5 if call.scaling is None else float(call.scaling),
        softcap=call.options.get("softcap"),
        sinks=None if sinks is None else sinks.detach().flatten().cpu().clone(),
        seen=seen,
        bias=bias,
        tried=tokens.tried,
        came_of_them=output[0, tokens.tried_queries.to(output.device)].cpu(),
        own=_own(call),
    )


def widen(layer: Layer, call: Call, output: torch.Tensor, tokens: Tokens) -> None:
    """Take up another call of the same queries and keys, whose values stand behind those of the first."""
    import torch

    more = output[0, tokens.tried_queries.to(output.device)].cpu()
    layer.v = torch.cat([layer.v, _some(call.value[0], tokens.keys)], -1)
    layer.came_of_them = torch.cat([layer.came_of_them, more], -1)


def traced_layer(traced: Traced, tokens: Tokens) -> Layer:
    """The layer of an attention that was found among a module's operations."""
    total = traced.query.shape[1], traced.key.shape[1]
    seen, bias = read(traced.added, traced.causal, total, tokens)
    return Layer(
        q=_some(traced.query, tokens.queries),
        k=_some(traced.key, tokens.keys),
        v=_some(traced.value, tokens.keys),
        scaling=traced.scaling,
        softcap=None,
        sinks=None,
        seen=seen,
        bias=bias,
        tried=tokens.tried,
        came_of_them=traced.output[:, tokens.tried_queries.to(traced.output.device)].transpose(0, 1).cpu(),
        projected=None if traced.projected is None else _some(traced.projected[None], tokens.queries)[0],
    )


def read(
    added: Sequence[torch.Tensor], causal: bool, total: tuple[int, int], tokens: Tokens
) -> tuple[Seen, Bias | None]:
    """Which keys are seen, and what else is added to the scores.

    Args:
        added: what is added, `[…, head or 1, query or 1, key]` each, or bool, true where a key is seen.
        causal: whether nothing behind a query is seen, besides.
        total: queries and keys.
        tokens: those of them that are to be spoken of.
    """
    import torch

    seen = Seen.causal(*total) if causal else Seen.everything(*total)
    shown: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    for tensor in added:
        grid = tensor.reshape(-1, *tensor.shape[-2:])[..., : total[1]]
        visible = grid if grid.dtype == torch.bool else grid > HIDDEN
        alike = bool((visible == visible[:1]).all())  # for all heads
        if alike and not bool(visible.all()):
            one = visible[0].expand(total)
            shown = one if shown is None else shown & one
        rest = torch.zeros_like(grid, dtype=torch.float32) if grid.dtype == torch.bool else grid
        rest = rest.masked_fill(~visible, 0.0 if alike else float("-inf"))
        if bool(rest.any()):
            bias = rest if bias is None else bias + rest
    if shown is not None:
        seen = Seen.by(shown & seen.rows(torch.arange(total[0])).to(shown.device) if causal else shown)
    narrowed = seen.of(tokens.queries, tokens.keys)
    return narrowed, None if bias is None else Bias.by(bias, shown, tokens.queries, tokens.keys)


def _own(call: Call) -> Any:
    if call.own is None:
        return None
    own, module, scaling = call.own, call.module, call.scaling
    options = {name: value for name, value in call.options.items() if name != "position_bias"}

    def maths(*given: torch.Tensor) -> Any:
        device = next((one.device for one in module.parameters()), given[0].device)
        return own(module, *(tensor.to(device) for tensor in given), scaling=scaling, dropout=0.0, **options)

    return maths


def _some(tensor: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Some tokens of `[head, token, dim]`, on the CPU; the tensor itself where these are all."""
    chosen = tensor if len(numbers) == tensor.shape[1] else tensor.index_select(1, numbers.to(tensor.device))
    return chosen.detach().cpu()
