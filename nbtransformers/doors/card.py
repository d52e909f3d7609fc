"""`nbtransformers.card`."""

from __future__ import annotations

from typing import Any

from nbtransformers import settings
from nbtransformers.doors.door import door
from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.request.checks import whole
from nbtransformers.results.modelcard import ModelCard


@door
def card(
    name: Any,
    *,
    batch_size: int = 16,
    length: int | None = None,
    device: str = "auto",
    revision: str | None = None,
) -> ModelCard:
    """What a model is, and whether it fits: no weight of it is fetched.

    Its parameters and their type are read from the headers of its files, of a Hub model by range requests. The memory
    is that of a whole process at its highest, libraries included; what a batch takes is counted by running the model's
    operations on tensors without numbers, which takes a few seconds.

    Args:
        name: a bundled name, a folder, `run:NAME`, or a Hub id.
        batch_size: texts that go through it at once, in inference and in fine-tuning.
        length: tokens of each; None is as many as the model reads, and 512 at most.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        revision: a Hub model's branch, tag or commit.

    Returns:
        A `ModelCard`: `parameters`, `memory_inference`, `memory_finetune`, `fits`, `free`, `advice`, `task`,
        `architecture`, `vocabulary`, `context_length`, `dtype`, `licence`, `languages`, `training_data`, `revision`,
        `to_pandas()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> card = nbt.card("minilm", batch_size=16, length=128)
        >>> card.parameters, card.fits
        (22713216, {'inference': True, 'full': True, 'lora': True, 'head': True})
    """
    return card_of(name, batch_size, length, revision, device)


def card_of(name: Any, batch_size: int, length: int | None, revision: str | None, device: str = "auto") -> ModelCard:
    """What `card` does, with hints as a magic gives them."""
    from nbtransformers.catalog.modelcard import Wanted, model_card
    from nbtransformers.engine.device import pick_device
    from nbtransformers.loading.refs import model_ref

    whole("batch-size", batch_size)
    whole("length", length)
    ref, _ = model_ref(name, revision, runs=settings.runs_folder())
    if ref.kind == "variable":
        raise UserError("A card is of a model's files, and this one is in memory.", hint="Give a name or a folder.")
    wanted = Wanted(batch_size, length, pick_device(device), _methods(), _with_method)
    return model_card(ref, wanted)


def _methods() -> tuple[str, ...]:
    from importlib.util import find_spec

    return ("full", *(("lora",) if find_spec("peft") else ()), "head")


def _with_method(model: Any, method: Any, head: Head) -> Any:
    from nbtransformers.training.methods import with_method

    request = FinetuneRequest(DataRef("variable", "data"), model=ModelRef("bundled", "minilm"), method=method)
    return with_method(model, request, head, ())
