"""`--method lora`: small matrices beside frozen weights are trained, and the head with them; by peft."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.loading.heads import Head
from nbtransformers.request import FinetuneRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RANK, ALPHA, DROPOUT = 8, 16.0, 0.05
"""What is usual where nothing else is asked for."""
_TASK_TYPES: dict[Head, str] = {
    "classifier": "SEQ_CLS",
    "tokens": "TOKEN_CLS",
    "causal": "CAUSAL_LM",
    "seq2seq": "SEQ_2_SEQ_LM",
}
_WHOLE_HEADS = ("classifier", "tokens")  # the others share their weights with the embeddings


def with_adapter(model: Any, request: FinetuneRequest, head: Head, new: Iterable[str]) -> Any:
    """A model with an adapter: what is trained is the adapter, and a head that is the task's own.

    Args:
        model: of Transformers; it is changed.
        request: what was asked for.
        head: the model's.
        new: names of the weights that it did not come with.

    Raises:
        UserError: when it has no layers of the names that were asked for.
    """
    from peft import LoraConfig, get_peft_model

    saved = trained_modules(model, head, new)
    config = LoraConfig(
        r=RANK if request.lora_rank is None else request.lora_rank,
        lora_alpha=ALPHA if request.lora_alpha is None else request.lora_alpha,  # pyright: ignore[reportArgumentType]
        lora_dropout=DROPOUT if request.lora_dropout is None else request.lora_dropout,
        target_modules=_target_modules(model, request.lora_modules, saved),
        modules_to_save=saved or None,
        task_type=_TASK_TYPES.get(head),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that GPT-2's layers are transposed, and that it has seen to that
        adapted: Any = get_peft_model(model, config)
    base = request.model
    if base is not None and base.kind == "hub":  # not the folder on this machine that it was fetched into
        config.base_model_name_or_path, config.revision = base.name, base.revision
    return adapted


def merged(model: Any) -> Any:
    """The plain model that a model with an adapter computes as; it is made of it."""
    return model.merge_and_unload()


def trained_modules(model: Any, head: Head, new: Iterable[str]) -> list[str]:
    """The modules that are trained as a whole: the task's own head, and what the model did not come with.

    Args:
        model: of Transformers.
        head: the model's.
        new: names of the weights that it did not come with.
    """
    body = model.base_model_prefix
    found = dict.fromkeys(_children(model, body)) if head in _WHOLE_HEADS else {}
    for name in new:
        if name.startswith(f"{body}."):  # a pooler: see loading
            parts = name.split(".")
            found[".".join(parts[: 1 + next(at for at, part in enumerate(parts) if "pooler" in part)])] = None
        elif head not in _WHOLE_HEADS and _is_own_layer(model, name.rpartition(".")[0]):
            found[name.rpartition(".")[0]] = None
    return list(found)


def _children(model: Any, body: str) -> Iterator[str]:
    for name, child in model.named_children():
        if name != body and any(True for _ in child.parameters()):
            yield name


def _is_own_layer(model: Any, name: str) -> bool:
    """Whether a module is one layer, whose weights are not those of the embeddings."""
    module = model.get_submodule(name)
    embeddings = model.get_input_embeddings().weight
    return not any(True for _ in module.children()) and all(weight is not embeddings for weight in module.parameters())


def _target_modules(model: Any, asked: tuple[str, ...], saved: list[str]) -> list[str] | None:
    """The layers beside which there is an adapter; None lets peft's own table of models say."""
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    layers = [name for name in _linear_layers(model) if not any(_is_in(name, part) for part in saved)]
    kinds = sorted({name.rpartition(".")[2] for name in layers})
    for name in asked:
        if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
            raise UserError(f"The model has no layer {name} for an adapter.", hint=did_you_mean(name, kinds))
    if asked:
        return list(asked)
    if model.config.model_type in KNOWN:
        return None
    output = model.get_output_embeddings()
    return [name for name in layers if model.get_submodule(name) is not output]


def _linear_layers(model: Any) -> Iterator[str]:
    import torch
    from transformers.pytorch_utils import Conv1D

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear | Conv1D):
            yield name


def _is_in(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")
