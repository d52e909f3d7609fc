"""What of a model is trained: all of it, an adapter, or its head."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.request import ADAPTER_METHODS, FinetuneRequest
from nbtransformers.training.adapters import merged, with_adapter
from nbtransformers.training.attempt import Attempt
from nbtransformers.training.fourbit import Compute, is_quantized, merged_whole, refuse_unable
from nbtransformers.training.headonly import Tap, encode_once, find_tap, freeze, head_on_features

if TYPE_CHECKING:
    from datasets import Dataset

_TRIED = 2  # texts, to see what goes into a head


@dataclass(frozen=True, slots=True)
class Learning:
    """What Trainer is given.

    Attributes:
        model: its trained parameters are those that ask for a gradient.
        train: the rows to learn from.
        test: those that it is evaluated on.
    """

    model: Any
    train: Dataset
    test: Dataset


def refuse_lacking(request: FinetuneRequest, device: str) -> None:
    """Refuse a method whose packages are not installed, or cannot do it here.

    Args:
        request: what was asked for.
        device: `cpu`, `cuda` or `mps`.

    Raises:
        UserError: with what to type.
    """
    if request.method in ADAPTER_METHODS and importlib.util.find_spec("peft") is None:
        raise UserError(f"`--method {request.method}` needs peft.", hint='Type `pip install "nbtransformers[train]"`.')
    if request.method == "qlora":
        refuse_unable(device)


def compute_4bit(request: FinetuneRequest) -> Compute | None:
    """The type that layers in 4 bits compute in; None where the method has none."""
    if request.method != "qlora":
        return None
    return "bfloat16" if request.bf16 else "float32"


def with_method(model: Any, request: FinetuneRequest, head: Head, new: Iterable[str]) -> Any:
    """A model of which only that is trained which the method says.

    Args:
        model: of Transformers, also one without weights, on the device `meta`; it is changed.
        request: what was asked for.
        head: the model's.
        new: names of the weights that it did not come with.

    Raises:
        UserError: when the method cannot be used with it.
    """
    match request.method:
        case "full":
            return model
        case "head":
            return freeze(model, head, new)
        case _:
            return with_adapter(model, request, head, new)


def learning(
    model: Any, attempt: Attempt, request: FinetuneRequest, collator: Any, train: Dataset, test: Dataset, device: str
) -> Learning | None:
    """What Trainer is given; where one vector of each text goes into the head, each is encoded here, once.

    Args:
        model: what `with_method` gave.
        attempt: at the run.
        request: what was asked for.
        collator: makes batches of encoded rows.
        train: the encoded rows to learn from.
        test: those that it is evaluated on.
        device: where it computes.

    Returns:
        None when the run was told to stop meanwhile.
    """
    tap = _tap(model, attempt, request, collator, train, device) if request.method == "head" else None
    if tap is None:
        return Learning(model, train, test)
    features = attempt.folder.features
    model.to(device)
    if not encode_once(model, tap, (train, test), collator, device, features, _telling(attempt), bf16=request.bf16):
        return None
    numbered = (train.add_column("row", range(len(train))), test.add_column("row", _after(train, test)))  # pyright: ignore[reportArgumentType, reportCallIssue]
    return Learning(head_on_features(model, tap, features), *numbered)


def plain(model: Any) -> Any:
    """The plain model that a trained one computes as, of Transformers; the trained one is no more."""
    if is_adapted(model):
        return merged_whole(model) if is_quantized(model.get_base_model()) else merged(model)
    return model.whole() if hasattr(model, "whole") else model


def is_adapted(model: Any) -> bool:
    """Whether a model has an adapter."""
    return hasattr(model, "peft_config")


def parameters(model: Any) -> tuple[int, int]:
    """How many parameters of a model are trained, and how many it has."""
    if is_adapted(model):  # of weights in 4 bits, peft knows how many there are
        return model.get_nb_trainable_parameters()
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    every = getattr(model, "all_parameters", None)
    return trained, sum(weight.numel() for weight in model.parameters()) if every is None else every


def _tap(
    model: Any, attempt: Attempt, request: FinetuneRequest, collator: Any, train: Dataset, device: str
) -> Tap | None:
    """Where the features of texts are taken from; None where they must be encoded in every epoch, which is said."""
    tap = tap_of(model.to(device), attempt.task.head, request, collator, train)
    if tap is None and attempt.saved is None:
        attempt.journal.write(
            "note", text="Texts are encoded in every epoch: the head reads more than a vector of each."
        )
    return tap


def tap_of(model: Any, head: Head, request: FinetuneRequest, collator: Any, train: Dataset) -> Tap | None:
    """Where the features of texts are taken from; None where they must be encoded in every epoch.

    Args:
        model: of which only the head is trained, on its device.
        head: the model's.
        request: what was asked for.
        collator: makes batches of encoded rows.
        train: encoded rows, of which two are tried.
    """
    if head != "classifier" or request.collator or _wants_checkpointing(request):
        return None
    rows = train.select(range(min(_TRIED, len(train)))).remove_columns("labels")
    batch = collator([dict(row) for row in rows])
    return find_tap(model, {name: value.to(model.device) for name, value in batch.items()})


def _wants_checkpointing(request: FinetuneRequest) -> bool:
    return bool(request.arguments.get("gradient_checkpointing"))


def _telling(attempt: Attempt) -> Callable[[int, int], bool]:
    def on_rows(done: int, total: int) -> bool:
        attempt.journal.stage("encoding", done, total)
        return attempt.commands.look()

    return on_rows


def _after(train: Dataset, test: Dataset) -> range:
    return range(len(train), len(train) + len(test))
