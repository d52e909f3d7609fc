"""What a model gives without some of its attention heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from nbtransformers.engine.capture.anatomy import Anatomy
from nbtransformers.engine.capture.forward import one_row
from nbtransformers.engine.capture.listening import Call, heard
from nbtransformers.engine.capture.outputs import called_with, kept_output
from nbtransformers.engine.capture.read import Read
from nbtransformers.engine.capture.resting import at_rest
from nbtransformers.engine.capture.tracing import Traced, Tracer
from nbtransformers.engine.capture.windowed import is_windowed
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.attentionmaps import Part

if TYPE_CHECKING:
    import torch

How = Literal["zero", "mean"]
Head = tuple[Part, int, int]
"""A part, a layer and a head, as `Maps` numbers them."""


def ablated(
    loaded: LoadedModel, inputs: Mapping[str, Any], heads: Sequence[Head], how: How = "zero", *, row: int = 0
) -> Any:
    """Run a model once on one row of a batch, with what some heads give replaced before it is projected.

    The caller holds the model (`alone_with`). The model is left as it was, whatever happens.

    Args:
        loaded: the model.
        inputs: what the model is called with, as for `captured`.
        heads: which of them; any number, of any layers.
        how: by zero, or by the mean of what the head gives over the tokens that are no padding.
        row: which row of the batch.

    Returns:
        The model's output for the row, on the CPU, as a capture keeps it.

    Raises:
        UserError: when there is no such head.
        Interrupted: when the user stops it.

    Example:
        >>> ablated(loaded, tokenizer("Good film.", return_tensors="pt"), [("self", 0, 3)]).logits
    """
    import torch

    chosen = one_row(inputs, row)
    ablation = _Ablation(loaded, chosen, heads, how)
    with torch.inference_mode(), at_rest(ablation.anatomy.modules), ExitStack() as undo:
        ablation.begin(undo)
        output = loaded.model(**called_with(chosen, loaded.model))
    ablation.refuse_unknown()
    return kept_output(loaded, chosen, output)


class _Ablation:
    def __init__(self, loaded: LoadedModel, inputs: Mapping[str, Any], heads: Sequence[Head], how: How) -> None:
        self._loaded, self._how = loaded, how
        self._left = set(heads)
        self._by_layer: dict[tuple[Part, int], list[int]] = {}
        for part, layer, head in heads:
            self._by_layer.setdefault((part, layer), []).append(head)
        self._layers: dict[Part, int] = {"self": 0, "cross": 0, "encoder": 0}
        self._read, self.anatomy = Read(loaded.model, inputs), Anatomy(loaded.model)
        self._running: Any = None
        self._tracer = Tracer(self._on_traced)

    def begin(self, undo: ExitStack) -> None:
        """Replace what the heads give until `undo` ends."""
        self._stop = undo.enter_context(deferred_interrupts())
        undo.enter_context(heard(self.anatomy, self._on_call, self._tracer))
        for module in self.anatomy.outside_interface:
            undo.callback(module.register_forward_pre_hook(self._begins).remove)
            undo.callback(module.register_forward_hook(self._ends).remove)
        if self.anatomy.outside_interface:
            undo.enter_context(self._tracer.watching())

    def refuse_unknown(self) -> None:
        """Raise where some of the heads were not there."""
        for part, layer, head in sorted(self._left):
            kind = "" if part == "self" else f"{part} "
            raise UserError(
                f"{self._loaded.name} has no {kind}head {head} in a layer {layer}.",
                hint="`attention.shape` says how many layers and heads there are; they are numbered from 0.",
            )

    def _on_call(self, call: Call, output: torch.Tensor) -> torch.Tensor:
        part = self.anatomy.part_of(call.module)
        return self._changed(part, output, self._real(part, call.query.shape[2], call.key.shape[2]))

    def _begins(self, module: Any, args: Any) -> None:
        self._running = module

    def _on_traced(self, traced: Traced) -> torch.Tensor | None:
        module, queries, keys = self._running, traced.query.shape[1], traced.key.shape[1]
        if module is None or is_windowed(module):
            return None
        part = self.anatomy.part_of(module)
        if not self._read.is_whole(part, queries, keys):
            return None
        self._running = None  # the first of a module is its attention, as for a capture
        output = traced.output.transpose(0, 1)[None]
        changed = self._changed(part, output, self._real(part, queries, keys))
        return None if changed is output else changed[0].transpose(0, 1)

    def _ends(self, module: Any, args: Any, output: Any) -> Any:
        self._running = None
        if not is_windowed(module):
            return None
        total = output[0].shape[1]
        heads = output[0].reshape(1, total, module.num_heads, -1)
        part = self.anatomy.part_of(module)
        return (self._changed(part, heads, self._real(part, total, total)).reshape(output[0].shape), *output[1:])

    def _real(self, part: Part, queries: int, keys: int) -> torch.Tensor:
        return self._read.tokens(part, queries, keys).queries

    def _changed(self, part: Part, output: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """`[batch, query, head, dim]` with some heads replaced; the same tensor where none is."""
        if self._stop():
            raise Interrupted("Interrupted: nothing was ablated. Run it again.")
        layer = self._layers[part]
        self._layers[part] += 1
        heads = [head for head in self._by_layer.get((part, layer), []) if 0 <= head < output.shape[2]]
        if not heads:
            return output
        self._left -= {(part, layer, head) for head in heads}
        changed = output.clone()
        for head in heads:
            changed[:, :, head] = output[:, real, head].mean(1, keepdim=True) if self._how == "mean" else 0
        return changed
