"""The model that is trained: through the load gate, with a head for the task that may be new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbtransformers.engine.encoding import text_limit
from nbtransformers.errors import UserError
from nbtransformers.loading.gate import Passed, passed
from nbtransformers.loading.heads import HEADS, Head
from nbtransformers.loading.memory import refuse_too_large
from nbtransformers.loading.models import (
    class_with_head,
    config_of,
    plain_errors,
    quiet_transformers,
    refuse_odd_limits,
    tokenizer_of,
)
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.room import source_to_load
from nbtransformers.loading.source import Source, source_of
from nbtransformers.request import ModelRef
from nbtransformers.training.fourbit import Compute, spared_in_4bit, to_load_in_4bit, without_repacking

_NO_LIMIT = 512  # tokens that are read where a model knows no limit: what is usual, for memory grows with them


@dataclass(frozen=True, slots=True)
class Trainable:
    """A model that is ready to be trained.

    Attributes:
        model: in float32, on the CPU; with layers in 4 bits it is where it is trained.
        tokenizer: its own.
        limit: how many tokens of a text it reads.
        new: the weights that it did not come with, drawn from the seed.
    """

    model: Any
    tokenizer: Any
    limit: int
    new: tuple[str, ...]


def load_to_train(
    ref: ModelRef,
    head: Head,
    settings: Mapping[str, Any],
    *,
    seed: int,
    max_length: int | None = None,
    device: str = "cpu",
    compute_4bit: Compute | None = None,
    on_load: Callable[[str], None] = lambda message: None,
) -> Trainable:
    """A model with a head for a task; one that it has not, or has for another number of labels, is new.

    Args:
        ref: which model; none that is a variable.
        head: what the task needs of it.
        settings: what the task wants its configuration to say, such as `id2label`.
        seed: what new weights are drawn from.
        max_length: how many tokens of a text it is to read; None is all that it can.
        device: where it is going to be trained.
        compute_4bit: the type that it computes in, where its layers are to be in 4 bits; it is on its device then.
        on_load: told in one line what takes time.

    Raises:
        UserError: when the gate refuses it, it cannot have such a head, or it cannot be loaded.
    """
    from transformers import set_seed

    source = source_to_load(ref, on_load)
    found = passed(source)
    on_load(f"Loading {source}")
    if compute_4bit is None:
        refuse_too_large(source, found.weights, "float32", device)
    with plain_errors(source.name, source.folder), quiet_transformers():
        config, kind = _config_and_class(source, found, head, settings)
        in_4bit: dict[str, Any] = {}
        if compute_4bit is not None:
            outlined = _without_weights(kind, config)
            nbytes = found.weights.nbytes_in("float32") - spared_in_4bit(outlined, head)
            refuse_too_large(source, replace(found.weights, nbytes=nbytes), "auto", device, quantized=True)
            in_4bit = to_load_in_4bit(outlined, head, compute_4bit, device)
        set_seed(seed)
        model, info = kind.from_pretrained(
            source.folder,
            config=config,
            dtype="float32",
            use_safetensors=not found.weights.pickled,
            weights_only=True,
            trust_remote_code=False,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **in_4bit,
        )
        tokenizer = tokenizer_of(source, config, found)
        refuse_odd_limits(source, model, tokenizer)
    new = tuple(sorted({*info["missing_keys"], *(key[0] for key in info["mismatched_keys"])}))
    _refuse_new_body(source.name, model, new, head)
    if compute_4bit is not None:
        without_repacking(model)
    return _trainable(LoadedModel(source.name, model, tokenizer, source.folder, "cpu", "float32"), max_length, new)


def outline(ref: ModelRef, head: Head, settings: Mapping[str, Any], *, max_length: int | None = None) -> Trainable:
    """A model as `load_to_train` gives it, but without weights: on the device `meta`, and with none that are new.

    Args:
        ref: which model; none that is a variable.
        head: what the task needs of it.
        settings: what the task wants its configuration to say.
        max_length: how many tokens of a text it is to read; None is all that it can.

    Returns:
        One whose `model` is None where its class cannot be made without weights.

    Raises:
        UserError: as `load_to_train`.
    """
    source = source_of(ref)
    found = passed(source)
    with plain_errors(source.name, source.folder), quiet_transformers():
        config, kind = _config_and_class(source, found, head, settings)
        tokenizer = tokenizer_of(source, config, found)
        try:
            model = _without_weights(kind, config)
        except (NotImplementedError, RuntimeError):  # it computes with its weights while it is made
            return Trainable(None, tokenizer, max_length or _NO_LIMIT, ())
    return _trainable(LoadedModel(source.name, model, tokenizer, source.folder, "meta", "float32"), max_length, ())


def _config_and_class(source: Source, found: Passed, head: Head, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """The configuration of a model, which says what the task wants, and the class that has its head."""
    config = config_of(source, found)
    kind = class_with_head(config, source, found, head)
    _tell(config, settings)
    return config, kind


def _trainable(loaded: LoadedModel, max_length: int | None, new: tuple[str, ...]) -> Trainable:
    """What was loaded, fit for batches, with the number of tokens that it reads."""
    _give_pad_token(loaded.model, loaded.tokenizer)
    limit = text_limit(loaded, max_length, loaded.tokenizer.num_special_tokens_to_add())
    return Trainable(loaded.model, loaded.tokenizer, limit or _NO_LIMIT, new)


def _without_weights(kind: Any, config: Any) -> Any:
    import torch

    with torch.device("meta"):
        return kind.from_config(config)


def _tell(config: Any, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if name != "num_labels" or "id2label" not in settings:  # which says it too
            setattr(config, name, value)
    if "id2label" in settings:
        config.label2id = {label: number for number, label in config.id2label.items()}


def _refuse_new_body(name: str, model: Any, new: tuple[str, ...], head: Head) -> None:
    """A pooler is a part of the body that many a model comes without; anything else is no body to stand on."""
    body = f"{model.base_model_prefix}."
    lacking = [key for key in new if key.startswith(body) and "pooler" not in key]
    if lacking:
        raise UserError(f"{name} is not whole: {lacking[0]} is not in its weights.", hint=HEADS[head].hint)


def _give_pad_token(model: Any, tokenizer: Any) -> None:
    """Batches are padded, and decoders come without a token for that."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
