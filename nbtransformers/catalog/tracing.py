"""The memory of a batch, counted: the operations of a model, on tensors that have a shape and no numbers."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nbtransformers.loading.heads import Head

Build = Callable[[Any], Any]
"""A configuration to its model on the device `meta`, of which what is trained asks for gradients."""

_FEW, _MORE = 2, 4  # layers; every further one is like those between the two
# glibc's malloc: blocks of 32 MiB and more are mappings of their own (mallopt(3), M_MMAP_THRESHOLD); the others grow
# the heap, and only its end is ever given back. The slack is measured (`tests/benchmarks/fit.py`).
_MALLOC_LARGEST = 32 * 2**20
_DEPTHS = (
    *("num_hidden_layers", "num_layers", "n_layer", "n_layers"),
    *("encoder_layers", "decoder_layers", "num_decoder_layers"),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes through a model at once.

    Attributes:
        head: the model's.
        rows: how many texts.
        tokens: of each.
        training: whether it goes all the way back too; else nothing is kept for that.
        bf16: whether it is computed in bfloat16 where autocast does.
    """

    head: Head
    rows: int
    tokens: int
    training: bool = False
    bf16: bool = False


@dataclass(frozen=True, slots=True)
class Peak:
    """Bytes that a batch takes at its highest, beyond the weights, with what the allocator makes of them.

    Attributes:
        whole: all together, in training with the gradients as they come.
        kept: of that what the allocator never gives back while the process lives.
    """

    whole: int
    kept: int


def peak_of(build: Build, config: Any, batch: Batch, device: str, dtype: str = "float32") -> Peak:
    """What a batch takes at its highest.

    The model runs under `FakeTensorMode`: every operation tells the shapes of its results and computes nothing, so
    that each kernel is the one that this device and these sizes are given (on a CPU, say, attention with dropout
    materialises its maps `[row, head, query, key]`, and without it does not), and each tensor that autograd keeps is
    counted for as long as it is kept. Deep models are counted with two and with four layers, and the rest is
    a straight line: layers are alike.

    Args:
        build: makes the model.
        config: its configuration.
        batch: what goes through it.
        device: where it would run.
        dtype: of its weights.

    Raises:
        RuntimeError: or whatever else, when the model cannot run on such tensors.
    """
    layers = max((getattr(config, name, None) or 0 for name in _DEPTHS), default=0)
    if layers <= _MORE:
        return _counted(build, config, batch, device, dtype)
    few, more = (_counted(build, _shallower(config, depth), batch, device, dtype) for depth in (_FEW, _MORE))
    return Peak(_along(few.whole, more.whole, layers), _along(few.kept, more.kept, layers))


def _along(few: int, more: int, layers: int) -> int:
    return more + (more - few) * (layers - _MORE) // (_MORE - _FEW)


def _shallower(config: Any, layers: int) -> Any:
    """The same with fewer layers, in each of its stacks."""
    changed = deepcopy(config)
    for name in _DEPTHS:
        if isinstance(getattr(changed, name, None), int):
            setattr(changed, name, min(getattr(changed, name), layers))
    for name, value in vars(changed).items():
        if name.startswith("layer") and isinstance(value, list):  # `layer_types`: a word for each
            setattr(changed, name, value[:layers])
    return changed


def _counted(build: Build, config: Any, batch: Batch, device: str, dtype: str) -> Peak:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    kind = device.partition(":")[0]
    config = deepcopy(config)
    config.dtype = getattr(torch, dtype)
    for name in ("pad_token_id", "decoder_start_token_id"):  # any will do, and some models insist on one
        if getattr(config, name, None) is None:
            setattr(config, name, 0)
    with torch.device("meta"):
        model = build(config).train(batch.training)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device(device):
        _move(model)
        inputs = _inputs(model, batch)
        autocast = torch.autocast(kind, torch.bfloat16) if batch.bf16 else nullcontext()
        keeping = nullcontext() if batch.training else torch.inference_mode()
        with _live(model, _HEAP if kind == "cpu" else _CACHING) as live, keeping:
            with autocast:
                outputs = model(**inputs)
            if batch.training:
                loss = outputs["loss"] if "loss" in outputs else outputs["logits"].sum()
                loss.float().backward()
                del loss
            del outputs
        return Peak(int(live.peak), int(live.kept))


def _move(model: Any) -> None:
    """Have the weights of a model be such tensors; those that are shared stay so."""
    import torch

    moved: dict[int, Any] = {}
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is None:
                    continue
                if id(tensor) not in moved:
                    empty = torch.empty(tensor.shape, dtype=tensor.dtype)
                    trained = tensor.requires_grad
                    parameter = isinstance(tensor, torch.nn.Parameter)
                    # What is replaced is kept, so that no other tensor gets its id.
                    moved[id(tensor)] = torch.nn.Parameter(empty, trained) if parameter else empty, tensor
                held[name] = moved[id(tensor)][0]


def _inputs(model: Any, batch: Batch) -> dict[str, Any]:
    import torch

    ids = torch.ones(batch.rows, batch.tokens, dtype=torch.long)
    inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    writes = batch.head in ("causal", "seq2seq")
    if not batch.training:
        if batch.head == "seq2seq":
            inputs["decoder_input_ids"] = ids[:, :1]
        return {**inputs, **({"use_cache": True, "logits_to_keep": 1} if batch.head == "causal" else {})}
    if batch.head == "classifier":
        return inputs  # a loss of a number a text takes nothing, and DeBERTa's cannot be counted
    if batch.head == "spans":
        inputs["start_positions"] = inputs["end_positions"] = torch.zeros(batch.rows, dtype=torch.long)
    else:
        inputs["labels"] = torch.zeros_like(ids)
    return {**inputs, **({"use_cache": False} if writes else {})}


@dataclass(frozen=True, slots=True)
class Allocator:
    """How memory is asked of the system.

    Attributes:
        slack: how much more small blocks take than what is in them, since none fits into the gaps between others.
        small: bytes below which a block is small; larger ones are given back as soon as they are free.
        keeps: whether room for small blocks, once taken, stays with the process.
    """

    slack: float
    small: int
    keeps: bool


_HEAP = Allocator(slack=1.3, small=_MALLOC_LARGEST, keeps=True)
_CACHING = Allocator(slack=1.05, small=2**62, keeps=False)


def _live(model: Any, allocator: Allocator) -> Any:
    """Counts the bytes of the tensors that operations make, for as long as there is a reference to each.

    Those of the model itself are not counted, though operations make views of them.
    """
    from torch import Tensor
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Live(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.now = self.peak = self.small = self.kept = 0.0
            held = (*model.parameters(), *model.buffers())
            self._seen = weakref.WeakSet[Any](tensor.untyped_storage() for tensor in held)

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = func(*args, **(kwargs or {}))
            for leaf in tree_leaves(found):
                if isinstance(leaf, Tensor):
                    self._add(leaf.untyped_storage())
            return found

        def _add(self, storage: Any) -> None:
            if storage in self._seen:
                return
            nbytes, is_small = storage.nbytes(), storage.nbytes() < allocator.small
            self._seen.add(storage)
            self._change(nbytes * allocator.slack if is_small else nbytes, is_small)
            weakref.finalize(storage, self._change, -nbytes * allocator.slack if is_small else -nbytes, is_small)

        def _change(self, nbytes: float, is_small: bool) -> None:
            self.now += nbytes
            self.peak = max(self.peak, self.now)
            if is_small and allocator.keeps:
                self.small += nbytes
                self.kept = max(self.kept, self.small)

    return Live()
