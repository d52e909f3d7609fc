"""A model's attention, heard while a pass goes through: what each attention module hands to Transformers' interface."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.anatomy import Anatomy
from nbtransformers.engine.capture.tracing import Tracer

if TYPE_CHECKING:
    import torch

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the attention interface.

    Attributes:
        module: the attention module that makes it.
        query: `[batch, head, query, dim]`, after any rotation.
        key: `[batch, key head, key, dim]`.
        value: `[batch, key head, key, dim]`.
        mask: `[batch, head or 1, query or 1, key]`, of bool (true where seen) or added to the scores; None for none.
        causal: whether a query does not see what is behind it, where there is no mask.
        scaling: of the products; None for 1/√dim.
        options: whatever else the module passes on.
        own: the eager maths of the module's own file.
    """

    module: Any
    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor | None
    causal: bool
    scaling: float | None
    options: dict[str, Any]
    own: Callable[..., Any] | None


OnCall = Callable[[Call, "torch.Tensor"], "torch.Tensor"]
"""Told a call and its output `[batch, query, head, dim]`; gives the output that the model goes on with."""


class _Name(str):
    """A name of its own in the interface that models take for `sdpa`: some do other things for other names."""

    def __eq__(self, other: object) -> bool:
        return other == "sdpa" or str.__eq__(self, other) is True  # pyright: ignore[reportUnknownVariableType]

    __hash__ = str.__hash__


@contextmanager
def heard(anatomy: Anatomy, on_call: OnCall, tracer: Tracer) -> Generator[None]:
    """Meanwhile every attention module of a model that goes by the interface is heard.

    Each still runs by the implementation that it has, `sdpa` or `eager`; one that has another, whose kernels take no
    mask that could be read, runs by one of these. The caller holds the model's lock. Whatever ends it, nothing of it
    is left: neither in the model's configurations nor in the interface.

    Args:
        anatomy: the model's.
        on_call: told every call.
        tracer: hears nothing of what is heard here.
    """
    from transformers import AttentionInterface, AttentionMaskInterface

    with ExitStack() as undo:
        ways = {id(config): _way(anatomy.model, config) for config in anatomy.configs}
        name = _Name(f"nbtransformers-{next(_numbers)}")  # of this pass alone: another thread has another model
        for interface in (AttentionInterface, AttentionMaskInterface):
            entries: Any = interface._global_mapping  # pyright: ignore[reportPrivateUsage]
            undo.callback(entries.pop, name, None)
        AttentionInterface.register(name, _attention(ways, on_call, tracer))
        AttentionMaskInterface.register(name, _mask(ways))
        for config in anatomy.configs:
            undo.callback(setattr, config, "_attn_implementation_internal", config._attn_implementation_internal)
            config._attn_implementation_internal = name
        yield


def _way(model: Any, config: Any) -> str:
    name = config._attn_implementation_internal or "eager"
    if name in ("sdpa", "eager"):
        return name
    return "sdpa" if model._supports_sdpa else "eager"


def _mask(ways: dict[int, str]) -> Callable[..., Any]:
    from transformers import AttentionMaskInterface

    masks = AttentionMaskInterface()

    def mask(*given: Any, config: Any = None, **options: Any) -> Any:
        return masks[ways.get(id(config), "sdpa")](*given, config=config, **options)

    return mask


def _attention(ways: dict[int, str], on_call: OnCall, tracer: Tracer) -> Callable[..., Any]:
    from transformers import AttentionInterface

    interface = AttentionInterface()

    def attend(
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        dropout: float = 0.0,
        is_causal: bool | None = None,
        **options: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        way, own = ways.get(id(getattr(module, "config", None)), "sdpa"), own_maths(module)
        tracer.deaf = True
        if own is not None and (way == "eager" or not _fit_for_sdpa(options)):
            mask = additive(attention_mask, query)
            output, weights = own(module, query, key, value, mask, scaling=scaling, dropout=dropout, **options)
            causal = False
        else:
            options_too = {**options, "is_causal": is_causal}
            output, weights = interface["sdpa"](
                module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options_too
            )
            # As `sdpa_attention_forward` has it: one query alone sees every key.
            causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal) and query.shape[2] > 1
        tracer.deaf = False
        call = Call(module, query, key, value, attention_mask, causal, scaling, options, own)
        return on_call(call, output), weights

    return attend


def _fit_for_sdpa(options: dict[str, Any]) -> bool:
    return options.get("softcap") is None and sinks_of(None, options) is None


def sinks_of(module: Any, options: dict[str, Any]) -> torch.Tensor | None:
    """The sinks of a module's heads, by whichever name."""
    for name in ("s_aux", "sinks"):
        if options.get(name) is not None:
            return options[name]
    return getattr(module, "sinks", None)


def own_maths(module: Any) -> Callable[..., Any] | None:
    """The eager attention function of the file that a module's class is written in, or one that it is derived from."""
    for kind in type(module).__mro__:
        found = getattr(sys.modules.get(kind.__module__), "eager_attention_forward", None)
        if found is not None:
            return found
    return None


def additive(mask: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor | None:
    """A mask as it is added to scores: the eager maths know no other."""
    import torch

    if mask is None or mask.dtype != torch.bool:
        return mask
    zero = torch.zeros((), dtype=like.dtype, device=like.device)
    return torch.where(mask, zero, torch.finfo(like.dtype).min)
