"""Batches whose random parts, such as masked tokens, follow from the rows themselves."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np


class SeededCollator:
    """Makes batches; what is drawn for one depends on the seed, the epoch and its rows, and draws from nothing else.

    Batches are made ahead of the steps that use them, so that a run that is resumed would draw others for them.

    Args:
        collator: makes a batch of encoded rows.
        seed: of the run.

    Attributes:
        epoch: which pass over the rows it is; None in an evaluation, where all are drawn alike.
    """

    def __init__(self, collator: Callable[[Sequence[Any]], Any], seed: int) -> None:
        self._collator = collator
        self._seed = seed
        self.epoch: int | None = 0

    def __call__(self, rows: Sequence[Any]) -> Any:
        """A batch."""
        with drawing_from([self._seed, 0 if self.epoch is None else self.epoch + 1, _print_of(rows)]):
            return self._collator(rows)

    @contextmanager
    def in_evaluation(self) -> Generator[None]:
        """Draw alike in every evaluation."""
        before, self.epoch = self.epoch, None
        try:
            yield
        finally:
            self.epoch = before


def _print_of(rows: Sequence[Any]) -> int:
    print_ = 0
    for row in rows:
        print_ = zlib.crc32(np.asarray(row["input_ids"], np.int64).tobytes(), print_)
    return print_


@contextmanager
def drawing_from(seeds: list[int]) -> Generator[None]:
    """Draw from some seeds, and leave all random numbers as they were."""
    import torch

    drawn = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(drawn)  # not those of GPUs, which no batch is made on
        random.seed(drawn)
        np.random.seed(drawn)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
