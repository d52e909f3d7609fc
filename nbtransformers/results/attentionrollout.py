"""Attention through the layers: how much of each token is in every other one, after Abnar & Zuidema (2020)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.results.attention import SPECIAL, Attention, Side
from nbtransformers.results.attentionmaps import Floats
from nbtransformers.results.attentiontiles import cuts, mean_weights
from nbtransformers.results.attentionwords import word_starts


def rollouts(attention: Attention, cells: int | None = None) -> Iterator[Floats]:
    """The rollout after each layer: float32 `[token, token]`, where row q tells what token q is made of.

    In a layer, half of a token is what it was before, and half what the mean of the heads attends to; layer after
    layer these shares are multiplied.

    Args:
        attention: whose, with the part to look at.
        cells: so many stretches of a long text in the place of its tokens; None takes every token. A stretch attends
            as the token in its middle does.

    Raises:
        UserError: when the part is attention to another text, or a difference.
    """
    shape = attention.shape
    if attention.part == "cross" or attention.signed:
        what = "a difference" if attention.signed else "attention to another text"
        raise UserError(f"There is no rollout of {what}.", hint="Look at a part where a text attends to itself.")
    starts = stretches(shape.keys, cells)
    middles = (starts[:-1] + starts[1:] - 1) // 2
    heads, mixed = range(shape.heads), np.eye(len(middles), dtype=np.float32)
    for layer in range(shape.layers):
        weights = mean_weights(attention, layer, heads, middles)
        step = np.add.reduceat(weights, starts[:-1], axis=1)
        step[np.diag_indices_from(step)] += 1
        step /= step.sum(axis=1, keepdims=True)  # less than 2 where a sink takes its share
        mixed = step @ mixed
        yield mixed


def stretches(tokens: int, cells: int | None) -> NDArray[np.int64]:
    """Where the stretches of a text begin, and the end: int64 `[cell + 1]`."""
    return cuts(tokens, tokens if cells is None else cells)


def affordable_cells(attention: Attention, weights: int, kept: int) -> int | None:
    """Into how many stretches to part a text so that no more weights are computed, nor shares kept; None for tokens."""
    shape = attention.shape
    cells = min(weights // max(1, shape.layers * shape.heads * shape.keys), int((kept / max(1, shape.layers)) ** 0.5))
    return None if cells >= shape.keys else max(2, cells)


def places_of(side: Side, *, words: bool, hide_special: bool) -> NDArray[np.int64]:
    """Int64 `[place, 2]`: first token and last + 1 of each token, or word, that is shown."""
    starts = word_starts(side.words) if words else np.arange(len(side) + 1)
    places = np.stack([starts[:-1], starts[1:]], axis=1)
    return places[side.flags[places[:, 0]] & SPECIAL == 0] if hide_special else places


def on_places(shares: Floats, starts: NDArray[np.int64], places: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """A rollout between tokens as one between places; between stretches they stay, and begin at other numbers.

    What is of a place is the sum over its tokens, and what a place is made of the mean over its tokens.

    Args:
        shares: float32 `[stretch, stretch]`.
        starts: int64 `[stretch + 1]`, the tokens that the stretches begin with.
        places: as `places_of` has them.
    """
    if len(starts) - 1 < starts[-1]:
        begun = np.searchsorted(places[:, 0], starts)
        kept = np.flatnonzero(np.diff(begun))
        return shares[np.ix_(kept, kept)], np.append(begun[kept], len(places))
    ends = np.zeros((len(shares) + 1, len(shares) + 1))
    np.cumsum(np.cumsum(shares, axis=0, dtype=np.float64), axis=1, out=ends[1:, 1:])
    first, last = places.T
    sums = ends[np.ix_(last, last)] - ends[np.ix_(first, last)] - ends[np.ix_(last, first)] + ends[np.ix_(first, first)]
    return (sums / (last - first)[:, None]).astype(np.float32), np.arange(len(places) + 1)
