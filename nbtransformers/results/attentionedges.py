"""The strongest weights of some heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbtransformers.results.attentionblocks import Numbers, blocks
from nbtransformers.results.attentionmaps import Floats

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The strongest weights of some heads, the strongest first.

    Attributes:
        heads: int64 `[edge]`.
        queries: int64 `[edge]`.
        keys: int64 `[edge]`.
        weights: float32 `[edge]`.
    """

    heads: Numbers
    queries: Numbers
    keys: Numbers
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)


def edges(
    attention: Attention,
    layer: int,
    heads: Numbers,
    rows: tuple[int, int],
    columns: tuple[int, int],
    most: int,
) -> Edges:
    """The strongest weights of some heads between some queries and some keys, the strongest first.

    Args:
        attention: of which part.
        layer: the layer.
        heads: the heads.
        rows: the first query, and the one behind the last.
        columns: the same of the keys.
        most: how many, at most; of a difference, those that differ most.
    """
    taken, start, stop = np.arange(*rows), columns[0], columns[1]
    best = Edges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for head in heads.tolist():
        for place, weights in blocks(attention, layer, [head], taken):
            best = _stronger(best, head, taken[place], weights[:, start:stop], start, most)
    return best


def _stronger(best: Edges, head: int, rows: Numbers, weights: Floats, start: int, most: int) -> Edges:
    """The strongest of those so far and of a block."""
    flat = weights.ravel()
    strength = np.nan_to_num(np.abs(flat), nan=0.0)
    if len(flat) > most:
        chosen = np.sort(np.argpartition(strength, len(flat) - most)[len(flat) - most :])
    else:
        chosen = np.arange(len(flat))
    chosen = chosen[strength[chosen] > 0]
    queries, keys = np.divmod(chosen, max(1, weights.shape[1]))
    both = Edges(
        np.concatenate([best.heads, np.full(len(chosen), head)]),
        np.concatenate([best.queries, rows[queries]]),
        np.concatenate([best.keys, keys + start]),
        np.concatenate([best.weights, flat[chosen]]).astype(np.float32),
    )
    order = np.argsort(-np.abs(both.weights), kind="stable")[:most]
    return Edges(both.heads[order], both.queries[order], both.keys[order], both.weights[order])
