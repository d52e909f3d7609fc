"""Generated texts as rows of prompts, which is what a table of them shows and searches."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.generation import Generation
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts


class Prompts:
    """A generation whose `texts` are its prompts.

    Args:
        generation: the result.
    """

    def __init__(self, generation: Generation) -> None:
        self.generation = generation

    @property
    def texts(self) -> Texts:
        """The prompts."""
        return self.generation.prompts

    @property
    def index(self) -> Any:
        """The labels of the rows."""
        return self.generation.index

    @property
    def reasons(self) -> Reasons:
        """Why nothing was written."""
        return self.generation.reasons

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """Float32 `[row]`: the mean probability of the tokens of each row; NaN where it has none."""
        found = self.generation.found
        sums = np.bincount(found.owner, found.flat["probability"].astype(np.float64), minlength=len(self))
        return np.divide(sums, found.counts, out=np.full(len(self), np.nan), where=found.counts > 0).astype(np.float32)

    def __len__(self) -> int:
        return len(self.generation)


def unit_of(result: Generation) -> str:
    """What a row begins with: a prompt, or for other tasks a text."""
    return "prompt" if result.request.task == "generate" else "text"
