"""What a program must know of a training run, so that it trains the same model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtransformers.results.recipe import Place


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """What a program must know to train in the same way.

    Attributes:
        data: the folder with the rows of the run, split already.
        labels: the names of the labels, in the order of their numbers.
        has_pairs: whether there are two texts in a row.
        place: where the model is that it begins with.
        limit: tokens read of one text; 0 is no limit.
        every: steps between two evaluations.
        metric: what says which checkpoint is the best.
        adapter: the arguments of peft's `LoraConfig`; None where all weights are trained.
    """

    data: str
    labels: tuple[str, ...]
    has_pairs: bool
    place: Place
    limit: int
    every: int
    metric: str
    adapter: tuple[tuple[str, Any], ...] | None = None
