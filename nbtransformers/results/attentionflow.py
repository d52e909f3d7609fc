"""Attention through all layers: what of each token of the text is in each position by then.

A layer adds what its heads give to what was there, so that half of each position stays: Â = ½ · mean over heads of A
+ ½ · I, each row divided by its sum; the product Â_l · … · Â_1 is the attention rollout of Abnar & Zuidema 2020. It
knows nothing of values, nor of what the feed-forward layers do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.plain_text import size
from nbtransformers.results.attentionblocks import Numbers, blocks
from nbtransformers.results.attentionmaps import Floats
from nbtransformers.results.attentionrollout import rollouts

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

Direction = Literal["from", "to"]

LARGEST = 2**28  # bytes of a matrix that is made whole: 8,192 × 8,192 weights


def mean(attention: Attention, layer: int) -> Floats:
    """Float32 `[query, key]`: the mean over the heads of a layer.

    Raises:
        UserError: when it would take too much memory.
    """
    shape = attention.shape
    _refuse_large(shape.queries, shape.keys, 'a part of it: `.tile(layer, "mean", rows=(0, 1000, 1000))`')
    found = np.empty((shape.queries, shape.keys), np.float32)
    for place, weights in blocks(attention, layer, range(attention.shape.heads), np.arange(shape.queries)):
        found[place] = weights
    return found


def rollout(attention: Attention, layers: int | None = None) -> Floats:
    """Float32 `[position, token]`: the rollout after so many layers, or after all.

    Raises:
        UserError: when the attention is to another text, there are not so many layers, or the matrix would take too
            much memory.
    """
    shape = attention.shape
    wanted = shape.layers if layers is None else layers
    if not 0 <= wanted <= shape.layers:
        raise UserError(f"There is no rollout of {wanted} layers.", hint=f"Type a number from 0 to {shape.layers}.")
    _refuse_large(shape.queries, 2 * shape.keys, "of one token: `.flow(token)`")
    *_, last = [np.eye(shape.keys, dtype=np.float32), *deque(islice(rollouts(attention), wanted), maxlen=1)]
    return last


def flow(attention: Attention, token: int, direction: Direction) -> Floats:
    """Float32 `[layer, token]`: one column (`from`) or one row (`to`) of the rollout after each layer.

    Raises:
        UserError: when the attention is to another text.
    """
    _refuse_other(attention)
    shape = attention.shape
    start = np.zeros(shape.keys, np.float32)
    start[token] = 1
    found = np.empty((shape.layers, shape.keys), np.float32)
    if direction == "from":
        for layer in range(shape.layers):
            begun, start = start, np.empty_like(start)
            for place, mixed in _mixed(attention, layer):
                start[place] = mixed @ begun
            found[layer] = start
        return found
    # A row of a product is got from its last factor on: from the last layer down, for all layers at once.
    for layer in range(shape.layers - 1, -1, -1):
        found[layer] = start
        begun, found[layer:] = found[layer:].copy(), 0
        for place, mixed in _mixed(attention, layer):
            found[layer:] += begun[:, place] @ mixed
    return found


def _mixed(attention: Attention, layer: int) -> Iterator[tuple[slice, Floats]]:
    """Some rows of Â of a layer at a time: which, and float32 `[position, token]`."""
    rows = np.arange(attention.shape.queries)
    for place, weights in blocks(attention, layer, range(attention.shape.heads), rows):
        yield place, _half_kept(weights, rows[place])


def _half_kept(weights: Floats, rows: Numbers) -> Floats:
    mixed = np.float32(0.5) * weights
    mixed[np.arange(len(rows)), rows] += np.float32(0.5)
    return mixed / mixed.sum(axis=1, keepdims=True)


def _refuse_other(attention: Attention) -> None:
    if attention.part == "cross" or attention.signed:
        what = "a difference" if attention.signed else "attention to another text"
        raise UserError(f"There is no rollout of {what}.", hint="Look at a part where a text attends to itself.")


def _refuse_large(rows: int, columns: int, instead: str) -> None:
    if 4 * rows * columns > LARGEST:
        raise UserError(f"That is {rows:,} × {columns:,} weights: {size(4 * rows * columns)}.", hint=f"Take {instead}.")
