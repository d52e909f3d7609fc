"""In which order examples are seen."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from datasets import Dataset


def token_lengths(encoded: Dataset) -> list[int]:
    """How many tokens each row has."""
    import pyarrow.compute as pc

    rows = encoded.with_format("arrow")[:]  # in the order of the rows, whatever lies beneath
    return pc.list_value_length(rows["input_ids"]).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]


def grouped_sampler(lengths: list[int], batch_size: int, seed: int) -> Any:
    """Rows of like length together, in an order that the seed and the epoch alone decide.

    Transformers' own sampler draws from torch's common random numbers, and a run that is resumed would leave the path
    of one that was not at its first step.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a step, all its parts together.
        seed: of the run.
    """
    return _grouped_sampler_class()(lengths, batch_size, seed)


@cache
def _grouped_sampler_class() -> Any:
    import torch
    from transformers.trainer_pt_utils import LengthGroupedSampler

    class GroupedSampler(LengthGroupedSampler):
        def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
            super().__init__(batch_size, lengths=lengths)
            self.seed = seed
            self.epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __iter__(self) -> Any:
            drawn = int(np.random.SeedSequence([self.seed, self.epoch]).generate_state(1)[0])
            self.generator = torch.Generator().manual_seed(drawn)
            return super().__iter__()

    return GroupedSampler


def longest_first(lengths: list[int]) -> list[int]:
    """The rows of an evaluation by length: less padding, and memory runs out at once or not at all."""
    return np.argsort(-np.asarray(lengths), kind="stable").tolist()
