"""`--method head`: each text is encoded once, and what is on top of the body learns from what goes into it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.engine.linear import in_their_place, packed_alike
from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.training.adapters import trained_modules
from nbtransformers.training.features import GrowingFeatures
from nbtransformers.training.sampling import longest_first, token_lengths

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray

_TOKENS = {"cpu": 512, "mps": 8_192}  # of a batch, padding too: on a CPU small ones, which its cache holds
_TOKENS_OF_A_GPU = 32_768
_ALIKE = 1e-4  # two ways to the same logits


def freeze(model: Any, head: Head, new: Iterable[str]) -> Any:
    """A model of which only the head is trained, and what it did not come with; it is changed.

    Raises:
        UserError: as `head_modules`.
    """
    model.requires_grad_(False)
    for name in head_modules(model, head, new):
        model.get_submodule(name).requires_grad_(True)
    return model


def head_modules(model: Any, head: Head, new: Iterable[str]) -> list[str]:
    """The modules of a model that are trained where its head is.

    A pooler counts as a part of the head of a classifier: what BERT has in its body for that, RoBERTa and others have
    in their heads, and one that was not trained with the rest (as of most sentence encoders) would be in the way.

    Args:
        model: of Transformers.
        head: the model's.
        new: names of the weights that it did not come with.

    Raises:
        UserError: when its head shares all its weights with the embeddings.
    """
    trained = trained_modules(model, head, new)
    if trained and head == "classifier" and _pooler(model) is not None:
        trained = [f"{model.base_model_prefix}.pooler", *trained]
    if not trained:
        raise UserError(
            "The head of this model is not trained by itself: its weights are its embeddings, too.",
            hint="Type `--method lora`.",
        )
    return trained


def _pooler(model: Any) -> Any:
    """The part of a body that makes one vector of those of the tokens; None where there is none, or a bare layer.

    To that the body gives the first token alone, and does more with what comes out, as ALBERT does.
    """
    pooler = getattr(getattr(model, model.base_model_prefix, None), "pooler", None)
    return None if pooler is None or not list(pooler.children()) else pooler


@dataclass(frozen=True, slots=True)
class Tap:
    """Where the features of a text are taken from, and put in.

    Attributes:
        layer: the name of the first layer that is trained.
        body: the name of the body.
        stand_in: what is in the body's place when there are features.
        multiplied: whether features are multiplied by what comes from there, which are ones but for dropout.
    """

    layer: str
    body: str
    stand_in: Any
    multiplied: bool


def find_tap(model: Any, batch: dict[str, Any]) -> Tap | None:
    """Where one vector of each text goes into the head; None where the head reads more than that.

    Args:
        model: frozen but for its head, on its device.
        batch: two texts or more, without labels.
    """
    import torch

    body, pooler = model.base_model_prefix, f"{model.base_model_prefix}.pooler."
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    if not hasattr(model, body) or any(name.startswith(f"{body}.") and not name.startswith(pooler) for name in trained):
        return None
    model.eval()
    try:
        with torch.no_grad():
            return _tried(model, body, batch)
    except Exception as error:  # a head that asks its body for more than an output
        if is_out_of_memory(error):
            raise
        return None


def _tried(model: Any, body: str, batch: dict[str, Any]) -> Tap | None:
    import torch

    outputs: list[Any] = []
    hook = getattr(model, body).register_forward_hook(lambda module, given, output: outputs.append(output))
    try:
        layer, features, logits = _watched(model, batch)
    finally:
        hook.remove()
    if features.ndim != 2 or len(features) != len(batch["input_ids"]):
        return None
    pooler = _pooler(model) if layer.startswith(f"{body}.pooler.") else None
    stand_in = _stand_in(outputs[0], batch["input_ids"], pooler)
    with _in_place(model, body, stand_in):
        _, ones, _ = _watched(model, batch)
        multiplied = bool((ones == 1).all()) and ones.shape == features.shape
        tap = Tap(layer, body, stand_in, multiplied)
        with _putting(model, tap, lambda: features):
            same = torch.allclose(_logits(model(**batch)), logits, rtol=_ALIKE, atol=_ALIKE)
    return tap if same else None


def _watched(model: Any, batch: dict[str, Any]) -> tuple[str, Any, Any]:
    """The first layer that is trained, what went into it, and the logits."""
    seen: list[tuple[str, Any]] = []
    hooks = [
        module.register_forward_pre_hook(lambda module, given, name=name: seen.append((name, given[0])))
        for name, module in model.named_modules()
        if any(weight.requires_grad for weight in module.parameters(recurse=False))
    ]
    try:
        logits = _logits(model(**batch))
    finally:
        for hook in hooks:
            hook.remove()
    return *seen[0], logits


def _logits(output: Any) -> Any:
    return output["logits"]


def _stand_in(output: Any, input_ids: Any, pooler: Any) -> Any:
    """What gives ones of the shapes that a body gives; a pooler that is trained makes its own of them."""
    import torch

    tokens = input_ids.shape[1]
    kept = {name: output[name] for name in ("last_hidden_state", "pooler_output") if output.get(name) is not None}
    shapes = {
        name: [None if at == 1 and value.ndim > 2 and value.shape[1] == tokens else size for at, size in
               enumerate(value.shape)][1:]
        for name, value in kept.items()
    }  # fmt: skip
    kind = type(output)

    class StandIn(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pooler = pooler

        def forward(self, input_ids: Any, *others: Any, **named: Any) -> Any:
            rows, tokens = input_ids.shape[:2]
            one = torch.ones((), device=input_ids.device)
            given = {
                name: one.expand(rows, *(tokens if size is None else size for size in shape))
                for name, shape in shapes.items()
            }
            if self.pooler is not None:
                given["pooler_output"] = self.pooler(given["last_hidden_state"])
            return kind(**given)

    return StandIn()


@contextmanager
def _in_place(model: Any, body: str, module: Any) -> Generator[None]:
    """Have a module in the place of a model's body."""
    before = getattr(model, body)
    setattr(model, body, module)
    try:
        yield
    finally:
        setattr(model, body, before)


def _putting(model: Any, tap: Tap, features: Callable[[], Any]) -> Any:
    """Put features into the head whenever a model computes, until what this gives is removed."""

    def put(module: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return (given[0] * features() if tap.multiplied else features(), *given[1:])

    return model.get_submodule(tap.layer).register_forward_pre_hook(put)


def encode_once(
    model: Any,
    tap: Tap,
    parts: Sequence[Dataset],
    collator: Callable[[Any], Any],
    device: str,
    path: Path,
    on_rows: Callable[[int, int], bool],
    *,
    bf16: bool = False,
) -> bool:
    """Write the features of all rows into a file, float32 `[row, feature]`, unless it is there already.

    One that was broken off goes on with the batches that it would have gone on with.

    Args:
        model: on its device.
        tap: where they are taken from.
        parts: encoded rows, one after another.
        collator: makes a batch of them.
        device: where it computes.
        path: the file; it is there as a whole, or not there.
        on_rows: told how many of how many rows are done; it says whether to go on.
        bf16: compute in bfloat16.

    Returns:
        Whether the file is there.
    """
    from datasets import concatenate_datasets

    if path.exists():
        return True
    rows = concatenate_datasets([part.remove_columns("labels") for part in parts])
    features = GrowingFeatures(path, len(rows))
    for numbers, found in _encoded(model, tap, rows, collator, device, bf16, features.done):
        features.add(numbers, found)
        if not on_rows(features.done, len(rows)):
            features.keep()
            return False
    features.finish()
    return True


def _encoded(
    model: Any, tap: Tap, rows: Dataset, collator: Callable[[Any], Any], device: str, bf16: bool, done: int
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Batches of rows of like length, but for the first rows, which are done: their numbers, and their features."""
    import torch

    lengths = token_lengths(rows)
    left, budget = longest_first(lengths)[done:], _TOKENS.get(device, _TOKENS_OF_A_GPU)
    model.eval()
    packed = [] if bf16 or device != "cpu" else packed_alike(getattr(model, tap.body))
    while left:
        numbers = left[: max(1, budget // max(1, lengths[left[0]]))]
        columns = rows[numbers]  # at once: a row by itself takes as long
        batch = collator([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
        try:
            with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16), in_their_place(packed):
                _, found, _ = _watched(model, {name: value.to(device) for name, value in batch.items()})
        except Exception as error:
            if len(numbers) == 1 or not is_out_of_memory(error):
                raise
            let_go(error)
            free_cache()
            budget = lengths[left[0]] * len(numbers) // 2
            continue
        yield numbers, found.float().cpu().numpy()
        left = left[len(numbers) :]


def head_on_features(model: Any, tap: Tap, features: Path) -> Any:
    """A model to train: it reads the number of a row, `row`, and what goes into its head is in a file.

    `whole()` is the model with its body.
    """
    import torch

    body = getattr(model, tap.body).cpu()  # which makes room on a GPU
    stored = np.load(features, mmap_mode="r")

    class HeadOnFeatures(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all_parameters = sum(weight.numel() for weight in model.parameters())
            self.accepts_loss_kwargs = accepts_loss_kwargs(model)
            self.config = model.config
            setattr(model, tap.body, tap.stand_in)
            self.model = model
            self._features: Any = None
            self._putting = _putting(model, tap, lambda: self._features)

        def forward(
            self, row: Any, input_ids: Any, attention_mask: Any = None, labels: Any = None, **others: Any
        ) -> Any:
            found = stored[row.cpu().numpy()]
            self._features = torch.from_numpy(found).to(input_ids.device)
            return self.model(input_ids=input_ids, attention_mask=attention_mask, labels=labels, **others)

        def whole(self) -> Any:
            self._putting.remove()
            setattr(model, tap.body, body)
            return model.cpu()

    return HeadOnFeatures()


def accepts_loss_kwargs(model: Any) -> bool:
    """Whether Trainer is to take the model's loss as it is: as it asks of a model that it knows."""
    kinds = (parameter.kind for parameter in inspect.signature(model.forward).parameters.values())
    return getattr(model, "accepts_loss_kwargs", inspect.Parameter.VAR_KEYWORD in kinds)
