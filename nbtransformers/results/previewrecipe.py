"""What a program must know of a dataset that was looked into."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.request import DataRef


@dataclass(frozen=True, slots=True)
class PreviewRecipe:
    """Of a look into a dataset.

    Attributes:
        data: the dataset, with the subset and the split that were looked into.
        streamed: whether it was read as it came; else it is on this machine.
        encoded: whether it holds pictures or sounds, which were left as they are kept.
    """

    data: DataRef
    streamed: bool
    encoded: bool
