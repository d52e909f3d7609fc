"""Items to one padded batch, and a check that padding leaves a model's scores alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Items
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.recipe import ProgramPadding

Inputs = Mapping[str, NDArray[np.int64]]
"""What a model is called with: name to int64 `[item, token]`."""

Outputs = NDArray[np.float32] | list[NDArray[np.float32]]
"""What a model makes of a batch: float32 `[item, output]`, or a list with an array of any shape for each item."""

Forward = Callable[[Inputs], Outputs]
"""One batch through a model."""


def tensors_of(inputs: Inputs, device: str) -> dict[str, Any]:
    """What a model is called with, as tensors where it is."""
    import torch

    return {name: torch.from_numpy(array).to(device) for name, array in inputs.items()}


@dataclass(frozen=True, slots=True)
class Padding:
    """How the items of a batch are brought to one length.

    Attributes:
        token: the id that fills; None when no batch may be padded.
        left: whether it stands before the text.
    """

    token: int | None
    left: bool = False


def collate(items: Items, chosen: NDArray[np.int64], padding: Padding) -> dict[str, NDArray[np.int64]]:
    """One batch of the chosen items.

    The attention mask is left out when nothing is padded: models then take a faster path.

    Returns:
        `input_ids`, and where needed `token_type_ids` and `attention_mask`, int64 `[item, token]`.
    """
    rows = [items.ids[number] for number in chosen]
    width = max(map(len, rows))
    inputs = {"input_ids": _filled(rows, width, padding.token or 0, padding.left)}
    if items.type_ids is not None:
        types = [items.type_ids[number] for number in chosen]
        inputs["token_type_ids"] = _filled(types, width, 0, padding.left)
    if min(map(len, rows)) < width:
        ones = [np.ones_like(row) for row in rows]
        inputs["attention_mask"] = _filled(ones, width, 0, padding.left)
    return inputs


def _filled(rows: list[NDArray[np.int64]], width: int, value: int, left: bool) -> NDArray[np.int64]:
    batch = np.full((len(rows), width), value, dtype=np.int64)
    for number, row in enumerate(rows):
        batch[number, width - len(row) if left else 0 : width if left else len(row)] = row
    return batch


def padding_for(loaded: LoadedModel, items: Items) -> Padding:
    """The padding a model's items can take, before it has been checked.

    The pad token of the model's configuration comes first: its head may look for it. A model without one
    is padded with a token that none of the texts holds, so that its head finds the end of each text. The
    tokenizer's pad token is no help there: where it is also the end of text, a text seems to end earlier.
    """
    left = _is_left(loaded)
    configured = _configured(loaded)
    return Padding(_unused_token(items, loaded) if configured is None else int(configured), left)


def program_padding(loaded: LoadedModel) -> ProgramPadding:
    """How a plain program should pad for this model, whose batches may be padded: as its tokenizer does it, if it can.

    Without a pad token that both agree on, a head that looks for the end of a text may look in the wrong place.
    """
    token = _configured(loaded)
    if token is None or token != loaded.tokenizer.pad_token_id:
        return "never"
    side: ProgramPadding = "left" if _is_left(loaded) else "right"
    return "tokenizer" if side == loaded.tokenizer.padding_side else side


def _is_left(loaded: LoadedModel) -> bool:
    return loaded.tokenizer.padding_side == "left" and _reads_last_position(loaded)


def _configured(loaded: LoadedModel) -> int | None:
    return loaded.model.config.get_text_config().pad_token_id


def _reads_last_position(loaded: LoadedModel) -> bool:
    # XLNet's summary reads the last position whatever it holds; decoders look for the last token that is no padding.
    return getattr(loaded.model.config, "summary_type", None) == "last"


def _unused_token(items: Items, loaded: LoadedModel) -> int | None:
    vocabulary = loaded.model.get_input_embeddings().num_embeddings
    used = np.zeros(vocabulary, dtype=bool)
    for ids in items.ids:
        used[ids[ids < vocabulary]] = True
    free = np.flatnonzero(~used)
    return int(free[0]) if len(free) else None


def padding_is_harmless(forward: Forward, items: Items, padding: Padding, tolerance: float) -> bool | None:
    """Whether a padded item gets the output that it gets alone, tried on two real items; None when it cannot be tried.

    A model that lets padding through (a batch norm, a mask that is not passed on) would otherwise be
    silently wrong in every batch.

    Args:
        tolerance: the largest difference that is still rounding, relative to the largest output.
    """
    lengths = items.lengths
    short = int(lengths.argmin())
    longer = np.flatnonzero(lengths > lengths[short])
    if not len(longer):
        return None
    # About twice as long: enough padding to show, and little work.
    other = int(longer[np.abs(lengths[longer] - 2 * lengths[short]).argmin()])
    try:
        alone = forward(collate(items, np.array([short]), padding))[0]
        together = forward(collate(items, np.array([short, other]), padding))[0]
    except Exception:  # one of the two is a text that the model cannot take: the batcher finds out which
        return None
    scale = max(1.0, float(np.abs(alone).max()))
    return bool(np.abs(alone - together).max() <= tolerance * scale)


@contextmanager
def padding_token(model: Any, token: int | None) -> Generator[None]:
    """Name this pad token in a model's configuration, where it names none: decoder heads ask for it."""
    configs = list({id(config): config for config in (model.config, model.config.get_text_config())}.values())
    unset = [config for config in configs if config.pad_token_id is None]
    for config in unset:
        config.pad_token_id = token
    try:
        yield
    finally:
        for config in unset:
            config.pad_token_id = None
