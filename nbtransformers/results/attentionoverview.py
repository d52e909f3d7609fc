"""All heads of an attention at a glance: a few measures of each, and a small picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionblocks import evenly
from nbtransformers.results.attentionmaps import Floats, NoHeadError
from nbtransformers.results.attentionmeasures import MEASURES, HeadMeasures
from nbtransformers.results.attentiontiles import cuts, pooled

WHOLE = 512  # queries of a text of which all are looked at
SAMPLE = 256  # of a longer one

_FEW = 32
_VALUES = 2**23  # weights that are looked at in all: some tenths of a second


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """All heads of some layers at a glance.

    Attributes:
        measures: float32 `[measure, layer, head]`, in the order of `MEASURES`; NaN where there is none, such as a
            distance between two texts, or no such head.
        pictures: float32 `[layer, head, row, column]`, the greatest weight of each cell; of a difference the one that
            is farthest from 0.
        sampled: how many queries they were taken from; None for all.
    """

    measures: Floats
    pictures: Floats
    sampled: int | None


def overview(
    attention: Attention, side: int, *, layers: range | None = None, most: int = _VALUES, whole: bool = False
) -> Overview:
    """Measure and draw all heads of a part in one pass, of a long text from evenly spaced queries.

    Args:
        attention: whose, with the part to look at.
        side: cells of a side of a picture, at most.
        layers: which; None takes all.
        most: weights to look at; fewer queries are taken where there would be more.
        whole: all queries of a long text too, as far as that goes.

    Raises:
        UserError: when the weights of a layer cannot be had.
    """
    shape = attention.shape
    layers = range(shape.layers) if layers is None else layers
    wanted = shape.queries if whole or shape.queries <= WHOLE else SAMPLE
    affordable = most // max(1, len(layers) * shape.heads * shape.keys)
    taken = evenly(shape.queries, min(wanted, max(_FEW, affordable)))
    down, across = cuts(shape.queries, side), cuts(shape.keys, side)
    begun = np.searchsorted(taken, down[:-1])
    measure = HeadMeasures(attention, taken)
    measures = np.full((len(MEASURES), len(layers), shape.heads), np.nan, np.float32)
    pictures = np.zeros((len(layers), shape.heads, len(down) - 1, len(across) - 1), np.float32)
    for number, layer in enumerate(layers):
        for head in range(shape.heads):
            try:
                weights = attention.maps.weights(attention.part, layer, head, taken)
            except NoHeadError:
                break
            sums = measure.sums()
            sums.add(slice(0, len(taken)), weights)
            measures[:, number, head] = sums.means()
            pictures[number, head] = pooled(weights, begun, across[:-1], signed=attention.signed)
    return Overview(measures, pictures, None if len(taken) == shape.queries else len(taken))
