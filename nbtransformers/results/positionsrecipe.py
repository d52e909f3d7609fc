"""What a program must know besides a request, so that it shows the same encodings of positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbtransformers.results.recipe import Place

PositionsReading = Literal["formula", "table", "rotary", "buckets", "slopes", "distances", "waves"]
RotaryOutput = Literal["cos, sin", "sin, cos", "turns", "table"]
"""What a rotary module gives: cosines and sines, the sines first, complex numbers; or it is a table of both."""


@dataclass(frozen=True, slots=True)
class PositionsPart:
    """How a program comes to one encoding of positions.

    Attributes:
        name: what it is called in the result; empty where a model has one only.
        reading: by the formula, as rows of a table, from a rotary module, from the buckets of a relative bias, from
            the slopes of one, or from vectors for distances that are learned or sinusoidal.
        length: how many positions.
        module: the module of the model that has it; of slopes, the module of Python that makes them.
        attribute: of a table, the tensor of the module; of rotations, what it gives; of buckets and slopes, the
            function that finds or makes them.
        offset: the row of a table that position 0 has.
        layer_type: which layers a rotary module is asked for, where it knows several.
        causal: of buckets, whether no query looks at what comes behind it.
        told: of buckets, whether their function has to be told that, and how many there are; of learned distances,
            whether far ones share a vector.
        heads: of slopes, how many heads there are.
        scaling: of slopes, what they are multiplied by.
    """

    name: str
    reading: PositionsReading
    length: int
    module: str = ""
    attribute: str = "weight"
    offset: int = 0
    layer_type: str | None = None
    causal: bool = False
    told: bool = False
    heads: int = 0
    scaling: float = 1.0


@dataclass(frozen=True, slots=True)
class PositionsRecipe:
    """What a program must know to show the same encodings of positions.

    Attributes:
        parts: the encodings.
        dim: of the formula, how many dimensions; 0 of a model.
        place: where the model is; None is the formula.
        dtype: the type that the model was loaded in.
    """

    parts: tuple[PositionsPart, ...]
    dim: int = 0
    place: Place | None = None
    dtype: str = "float32"
