"""Models that have a vector for each distance, which every layer makes keys or queries of: DeBERTa and XLNet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from nbtransformers.engine.positionfound import DISTANCES, ROTATIONS, Found
from nbtransformers.engine.sinusoids import check_size
from nbtransformers.results.positions import DistanceEncoding
from nbtransformers.results.positionsrecipe import PositionsPart


def vectors_by_distance(model: Any, length: int | None) -> Iterator[Found]:
    """The vectors of a model's distances, by its own modules.

    Args:
        model: the `PreTrainedModel`; nothing of it is changed.
        length: how many positions the distances lie within; None is as many as it tells apart, within reason.

    Raises:
        UserError: when they would be too many to look at.
    """
    for path, module in model.named_modules():
        if getattr(module, "relative_attention", False) and hasattr(module, "get_rel_embedding"):
            yield from _learned(model, path, module, length)
        if hasattr(module, "relative_positional_encoding") and hasattr(module, "attn_type"):
            yield _waves(path, module, length or DISTANCES)


# --- DeBERTa ---


def _learned(model: Any, path: str, module: Any, length: int | None) -> Iterator[Found]:
    import torch

    added = {"c2p": "q·Wₖr", "p2c": "k·W_q r"}
    terms = [added[kind] for kind in added if kind in (model.config.pos_att_type or ())]
    if not terms:
        return
    number = length or min(ROTATIONS, module.max_relative_positions)
    table = module.get_rel_embedding().float().cpu()
    check_size(2 * number - 1, table.shape[1])
    distances, span = torch.arange(1 - number, number), len(table) // 2
    buckets, is_shared = -distances, getattr(module, "position_buckets", -1) > 0
    if is_shared:
        make = sys.modules[type(module).__module__].make_log_bucket_position
        buckets = make(buckets, module.position_buckets, module.max_relative_positions).long()
    source = f"{path}.rel_embeddings"
    row = f"row {'bucket(q − k)' if is_shared else 'q − k'} + {span} of {source}"
    encoding = DistanceEncoding(
        name="",
        form="learned",
        positions=distances.numpy(),
        formula=(f"score(q, k) = ({' + '.join(['q·k', *terms])}) / √({1 + len(terms)}d)", f"r = {row}"),
        source=source,
        table=table[(buckets + span).clamp(0, 2 * span - 1)].numpy(),
    )
    part = PositionsPart("", "distances", number, path, "get_rel_embedding", told=is_shared)
    yield Found(encoding, part, _shared(module, span, number, is_shared=is_shared))


def _shared(module: Any, span: int, number: int, *, is_shared: bool) -> tuple[str, ...]:
    """What is to be said of distances that have one vector."""
    if is_shared and number > span // 2:
        return (
            f"Up to {span // 2} apart each distance has a vector of its own; of farther ones several share one, by "
            f"their logarithm, up to {module.max_relative_positions}.",
        )
    return (f"All distances of {span} and more share the last vector.",) if not is_shared and number > span else ()


# --- XLNet ---


def _waves(path: str, module: Any, number: int) -> Found:
    check_size(2 * number - 1, module.d_model)
    # Its first row is of one token more; of both directions, where it reads both, the first is that of reading on.
    table = module.relative_positional_encoding(number, number)[1:, 0].float().cpu().numpy()
    source = f"{path}.relative_positional_encoding".lstrip(".")
    encoding = DistanceEncoding(
        name="",
        form="sinusoidal",
        positions=np.arange(1 - number, 1 - number + len(table)),
        formula=(
            "R(q − k, i) = sin((q − k) / 10000^(2i/D))",
            "R(q − k, D/2 + i) = cos((q − k) / 10000^(2i/D))",
            "score(q, k) = ((q + b)·k + (q + c)·W R(q − k)) / √d, with W, b and c of each layer",
        ),
        source=source,
        table=table,
    )
    part = PositionsPart("", "waves", number, path, "relative_positional_encoding")
    clamp = module.clamp_len
    notes = (f"Distances of more than {clamp} are taken for {clamp}.",) if 0 < clamp < number - 1 else ()
    return Found(encoding, part, notes)
