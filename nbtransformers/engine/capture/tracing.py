"""Attention that does not go by Transformers' interface, found among the operations of its module.

Whatever the code of a module looks like, its attention is a product of queries and keys, scaled, with something added
or hidden, a softmax, and a product with the values; or torch's own `scaled_dot_product_attention`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

HIDDEN = -9e3
"""What is added to hide a key, or less: the weight of such a score is zero in any type."""

_PRODUCTS = {"matmul", "__matmul__", "bmm", "baddbmm", "einsum"}
_TIMES = {"mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply"}
_OVER = {"div", "div_", "__truediv__", "__itruediv__", "true_divide", "divide"}
_PLUS = {"add", "add_", "__add__", "__radd__", "__iadd__"}
_MINUS = {"sub", "sub_", "__sub__", "__isub__"}
_FILLED = {"masked_fill", "masked_fill_"}
_SAME = {
    *("view", "reshape", "transpose", "permute", "contiguous", "squeeze", "unsqueeze", "flatten", "clone", "expand"),
    *("to", "float", "type", "type_as", "half", "bfloat16", "dropout", "view_as", "unflatten"),
    *("alpha_dropout", "feature_dropout", "max", "clamp", "nan_to_num", "detach"),
}


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A tensor that is another one times a number."""

    base: torch.Tensor
    factor: float


@dataclass(frozen=True, slots=True)
class _Scores:
    """Products of queries and keys, and what has been done to them since.

    Attributes:
        query: `[head, query, dim]`.
        key: `[key head, key, dim]`.
        scaling: what they have been multiplied by.
        added: what has been added, each with what it has been multiplied by since.
        hidden: bool, true where a key was hidden.
    """

    query: torch.Tensor
    key: torch.Tensor
    scaling: float
    added: tuple[tuple[torch.Tensor, float], ...] = ()
    hidden: tuple[torch.Tensor, ...] = ()

    def times(self, factor: float) -> _Scores:
        return replace(
            self, scaling=self.scaling * factor, added=tuple((tensor, by * factor) for tensor, by in self.added)
        )


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the softmax of scores gave."""

    scores: _Scores


@dataclass(slots=True, eq=False)
class Traced:
    """One attention, as a module computed it.

    Attributes:
        query: `[head, query, dim]`.
        key: `[key head, key, dim]`.
        value: `[key head, key, dim]`.
        scaling: of the products.
        added: what was added to the scaled products, `[head or 1, query or 1, key]` each: -inf where a key was hidden.
        causal: whether nothing behind a query was seen, besides.
        output: `[head, query, dim]`.
        projected: `[query, hidden]`, what the module projects the outputs to; None where that is done outside.
    """

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    scaling: float
    added: list[torch.Tensor]
    causal: bool
    output: torch.Tensor
    projected: torch.Tensor | None = None


@dataclass
class Tracer:
    """Watches operations, and tells of each attention among them.

    Attributes:
        on_attention: told of each; gives the output that the module goes on with, None for its own.
        deaf: true while what runs is known already.
    """

    on_attention: Callable[[Traced], torch.Tensor | None]
    deaf: bool = False
    _lineage: Any = field(init=False)

    def __post_init__(self) -> None:
        from torch.utils.weak import WeakTensorKeyDictionary

        self._lineage = WeakTensorKeyDictionary()

    def watching(self) -> Any:
        """A context in which the operations of this thread are watched."""
        from torch.overrides import TorchFunctionMode

        tracer = self

        class Watching(TorchFunctionMode):
            def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                output = func(*args, **(kwargs or {}))
                return output if tracer.deaf else tracer._seen(func, args, kwargs or {}, output)

        return Watching()

    def _seen(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        import torch

        name = getattr(func, "__name__", "")
        if name == "scaled_dot_product_attention":
            return self._whole(output, *args, **kwargs)
        if not isinstance(output, torch.Tensor):
            return output
        if name in _PRODUCTS:
            return self._product(name, args, kwargs, output)
        if name in ("linear", "addmm"):
            self._projected(args, output)
        elif name == "softmax":
            self._softmax(args, kwargs, output)
        elif name in _SAME:
            self._same(func, args, kwargs, output)
        elif name in _TIMES | _OVER:
            self._times(name, args, output)
        elif name in _PLUS | _MINUS:
            self._plus(name, args, kwargs, output)
        elif name in _FILLED or name == "where":
            self._hides(name, args, output)
        return output

    def _of(self, value: Any) -> Any:
        import torch

        return self._lineage.get(value) if isinstance(value, torch.Tensor) else None

    def _note(self, output: torch.Tensor, what: Any) -> None:
        if what is not None:
            self._lineage[output] = what

    # --- from queries and keys to weights ---

    def _product(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], output: torch.Tensor) -> torch.Tensor:
        found = _operands(name, args, kwargs)
        if found is None:
            return output
        left, right, form = found
        weights = self._of(left)
        if isinstance(weights, _Weights):
            return self._weighted(weights.scores, right, form, output)
        if isinstance(weights, Traced):
            self._projected((left,), output)
            return output
        query, query_factor = self._unscaled(left)
        key, key_factor = self._unscaled(right)
        scores = _scores_of(query, key, form)
        if scores is not None:
            alpha, beta = (kwargs.get(one, 1) for one in ("alpha", "beta")) if name == "baddbmm" else (1, 0)
            added = ((args[0], float(beta)),) if beta else ()
            self._note(output, replace(scores, scaling=query_factor * key_factor * float(alpha), added=added))
        return output

    def _unscaled(self, tensor: torch.Tensor) -> tuple[torch.Tensor, float]:
        found = self._of(tensor)
        return (found.base, found.factor) if isinstance(found, _Scaled) else (tensor, 1.0)

    def _times(self, name: str, args: tuple[Any, ...], output: torch.Tensor) -> None:
        import torch

        tensor, by = args[0], args[1]
        if _is_number(tensor):
            tensor, by = by, tensor
        if not isinstance(tensor, torch.Tensor):
            return
        found = self._of(tensor)
        if not _is_number(by):
            # By ones and zeros, which hide: what is added next says how deep.
            if isinstance(found, _Scores) and name in _TIMES and bool(((by == 0) | (by == 1)).all()):
                self._note(output, replace(found, hidden=(*found.hidden, by == 0)))
            return
        factor = 1 / float(by) if name in _OVER else float(by)
        if isinstance(found, _Scores):
            self._note(output, found.times(factor))
        elif found is None and output is not tensor:
            self._note(output, _Scaled(tensor, factor))

    def _plus(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], output: torch.Tensor) -> None:
        import torch

        one: Any = args[0]
        other: Any = args[1] if len(args) > 1 else kwargs.get("other")
        sign = float(kwargs.get("alpha", 1)) * (-1.0 if name in _MINUS else 1.0)
        found = self._of(one)
        if not isinstance(found, _Scores):
            found, other = self._of(other), one
            if name in _MINUS:
                return
        if isinstance(found, _Scores) and _is_number(other) and float(other) == 0:
            self._note(output, found)
        elif isinstance(found, _Scores) and isinstance(other, torch.Tensor):
            self._note(output, replace(found, added=(*found.added, (other, sign))))

    def _hides(self, name: str, args: tuple[Any, ...], output: torch.Tensor) -> None:
        if len(args) < 3:
            return
        scores, hidden, value = args if name in _FILLED else (args[2], args[0], args[1])
        if name == "where" and isinstance(self._of(value), _Scores):
            scores, hidden, value = value, ~hidden, scores
        found = self._of(scores)
        if isinstance(found, _Weights) and _is_number(value) and float(value) == 0:
            self._note(output, found)  # of queries that are padding
        if isinstance(found, _Scores) and _is_number(value) and float(value) <= HIDDEN:
            self._note(output, replace(found, hidden=(*found.hidden, hidden)))

    def _same(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: torch.Tensor) -> None:
        found = self._of(args[0]) if args else None
        if found is None or output.numel() != args[0].numel():
            return
        if isinstance(found, _Scaled):
            found = _Scaled(func(found.base, *args[1:], **kwargs), found.factor)
        self._note(output, found)

    def _softmax(self, args: tuple[Any, ...], kwargs: dict[str, Any], output: torch.Tensor) -> None:
        dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
        scores = self._of(args[0] if args else kwargs.get("input"))
        if isinstance(scores, _Scores) and dim in (-1, output.ndim - 1):
            self._note(output, _Weights(scores))

    # --- from weights to what the module gives ---

    def _weighted(self, scores: _Scores, right: torch.Tensor, form: str | None, output: torch.Tensor) -> torch.Tensor:
        value, given = _value_of(right, form), _output_of(output, form)
        if value is None or given is None:
            return output
        added = [_grid(tensor if by == 1 else tensor * by) for tensor, by in scores.added]
        added += [_hiding(_grid(hidden)) for hidden in scores.hidden]
        found = Traced(scores.query, scores.key, value, scores.scaling, added, False, given)
        return self._told(found, output, lambda new: _back(new, output, form))

    def _whole(
        self,
        output: torch.Tensor,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        **_: Any,
    ) -> torch.Tensor:
        import torch

        scaling = query.shape[-1] ** -0.5 if scale is None else float(scale)
        added: list[torch.Tensor] = []
        if attn_mask is not None:
            added = [_grid(attn_mask) if attn_mask.dtype != torch.bool else _hiding(_grid(~attn_mask))]
        found = Traced(_flat(query), _flat(key), _flat(value), scaling, added, is_causal, _flat(output))
        return self._told(found, output, lambda new: new.reshape(output.shape))

    def _told(self, found: Traced, output: torch.Tensor, back: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        changed = self.on_attention(found)
        result = output if changed is None else back(changed)
        self._note(result, found)
        return result

    def _projected(self, args: tuple[Any, ...], output: torch.Tensor) -> None:
        for value in args[:2]:
            found = self._of(value)
            if isinstance(found, Traced) and found.projected is None:
                found.projected = output.reshape(found.output.shape[1], -1)


# --- shapes: of one row, `[head, token, dim]` ---


def _is_number(value: Any) -> bool:
    import torch

    return isinstance(value, int | float) or (isinstance(value, torch.Tensor) and value.numel() == 1)


def _operands(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, str | None] | None:
    if name == "einsum":
        form, operands = args[0].replace(" ", ""), list(args[1] if isinstance(args[1], list | tuple) else args[1:])
        return (operands[0], operands[1], form) if len(operands) == 2 and "->" in form and "." not in form else None
    if name == "baddbmm":
        pair = [*args[1:3]] + [kwargs[one] for one in ("batch1", "batch2") if one in kwargs]
        return pair[0], pair[1], None
    if not args:
        return None
    left, *others = args
    other = others[0] if others else kwargs.get("other", kwargs.get("mat2"))
    return None if other is None else (left, other, None)


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(-1, *tensor.shape[-2:])


def _grid(tensor: torch.Tensor) -> torch.Tensor:
    """`[head or 1, query or 1, key]`, whichever of these a tensor has."""
    return _flat(tensor if tensor.ndim > 1 else tensor.reshape(1, -1))


def _hiding(hidden: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.zeros(hidden.shape, device=hidden.device).masked_fill(hidden.bool(), float("-inf"))


def _scores_of(query: torch.Tensor, key: torch.Tensor, form: str | None) -> _Scores | None:
    if form is None:
        if min(query.ndim, key.ndim) < 3:
            return None
        return _Scores(_flat(query), _flat(key.transpose(-1, -2)), 1.0)
    left, right, out = _labels(form)
    inner = [one for one in left if one in right and one not in out]
    if len(inner) != 1 or len(out) != 4 or out[-2] in right or out[-1] in left:
        return None
    return _Scores(
        _flat(_ordered(query, left, out[:2] + out[-2] + inner[0])),
        _flat(_ordered(key, right, out[:2] + out[-1] + inner[0])),
        1.0,
    )


def _value_of(value: torch.Tensor, form: str | None) -> torch.Tensor | None:
    if form is None:
        return _flat(value)
    left, right, out = _labels(form)
    own = [one for one in right if one not in left and one in out]
    return _flat(_ordered(value, right, left[:2] + left[-1] + own[0])) if len(own) == 1 else None


def _output_of(output: torch.Tensor, form: str | None) -> torch.Tensor | None:
    if form is None:
        return _flat(output)
    return _flat(_ordered(output, _labels(form)[2], _weighted_order(form)))


def _back(new: torch.Tensor, output: torch.Tensor, form: str | None) -> torch.Tensor:
    if form is None:
        return new.reshape(output.shape)
    order, out = _weighted_order(form), _labels(form)[2]
    sizes = dict(zip(out, output.shape, strict=True))
    return _ordered(new.reshape([sizes[one] for one in order]), order, out)


def _weighted_order(form: str) -> str:
    left, right, out = _labels(form)
    return left[:3] + next(one for one in right if one not in left and one in out)


def _labels(form: str) -> tuple[str, str, str]:
    inputs, out = form.split("->")
    left, right = inputs.split(",")
    return left, right, out


def _ordered(tensor: torch.Tensor, labels: str, order: str) -> torch.Tensor:
    return tensor.permute([labels.index(one) for one in order])
