"""The one loop that teaches a small model: batches of like lengths, AdamW, a rate that falls in a straight line."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Lesson:
    """How a model is taught."""

    epochs: int
    rate: float
    batch: int
    seed: int = 0
    warmup: float = 0.1


def teach(
    model: Any,
    rows: Sequence[Mapping[str, Any]],
    collate: Callable[[list[Mapping[str, Any]]], Mapping[str, torch.Tensor]],
    lesson: Lesson,
) -> None:
    """Train the parameters that want a gradient, in place; each row has `input_ids`, its length says where it goes."""
    draw = random.Random(lesson.seed)
    torch.manual_seed(lesson.seed)
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(wanted, lr=lesson.rate, weight_decay=0.01)
    batches = [batch for _ in range(lesson.epochs) for batch in _batches(rows, lesson.batch, draw)]
    warm = max(1, round(lesson.warmup * len(batches)))
    model.train()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on cores that others use too, a second thread that waits in a spin costs most of both
    for step, batch in enumerate(batches):
        share = min((step + 1) / warm, (len(batches) - step) / (len(batches) - warm + 1))
        for group in optimizer.param_groups:
            group["lr"] = lesson.rate * share
        model(**collate([rows[row] for row in batch])).loss.backward()
        torch.nn.utils.clip_grad_norm_(wanted, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    torch.set_num_threads(threads)
    model.eval()


def _batches(rows: Sequence[Mapping[str, Any]], size: int, draw: random.Random) -> list[list[int]]:
    """The rows in random order, but in batches of like lengths, which have little padding."""
    order = sorted(range(len(rows)), key=lambda row: (len(rows[row]["input_ids"]), draw.random()))
    found = [order[start : start + size] for start in range(0, len(order), size)]
    draw.shuffle(found)
    return found
