"""An encoding of positions that was found in a model."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.results.positions import Encoding
from nbtransformers.results.positionsrecipe import PositionsPart

ROTATIONS, DISTANCES = 512, 128  # positions that are looked at where a model sets no number of its own


@dataclass(frozen=True, slots=True)
class Found:
    """An encoding, how a program comes to it, and what is to be said of it."""

    encoding: Encoding
    part: PositionsPart
    notes: tuple[str, ...] = ()
