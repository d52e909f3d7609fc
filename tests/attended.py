"""Attention results made by hand, whose weights a test knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import AttentionRequest, DataRef
from nbtransformers.results.arraymaps import ArrayMaps
from nbtransformers.results.attention import CONTINUES, SECOND, SPECIAL, Attention, Side

__all__ = ["CONTINUES", "SECOND", "SPECIAL", "attention", "random_weights", "side"]


def side(pieces: Sequence[str], *, words: Sequence[int] | None = None, special: Sequence[int] = (0, -1)) -> Side:
    """A text of these tokens with a space between; the first and the last are special, unless others are."""
    flags = np.zeros(len(pieces), np.uint8)
    for number in special:
        flags[number] |= SPECIAL
    given = np.arange(len(pieces)) if words is None else np.array(words)
    given = np.where(flags & SPECIAL, -1, given)
    flags[1:][(given[1:] == given[:-1]) & (given[1:] >= 0)] |= CONTINUES
    names = list(dict.fromkeys(pieces))
    starts = np.cumsum([0, *(len(piece) + 1 for piece in pieces[:-1])], dtype=np.int64)
    offsets = np.stack([starts, starts + [len(piece) for piece in pieces]], axis=1)
    offsets[(flags & SPECIAL) > 0] = 0
    ids = np.array([names.index(piece) for piece in pieces], np.int64)
    return Side(" ".join(pieces), ids, tuple(pieces), offsets, given.astype(np.int64), flags)


def random_weights(layers: int, heads: int, queries: int, keys: int, *, causal: bool = False, seed: int = 0) -> Any:
    """Float32 `[layer, head, query, key]`, rows of which sum to 1."""
    scores = np.random.default_rng(seed).normal(size=(layers, heads, queries, keys)) * 2
    if causal:
        scores[..., np.triu(np.ones((queries, keys), bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


_PIECES = ("[CLS]", "a", "b", "a", "c", "[SEP]")


def attention(weights: Any = None, pieces: Sequence[str] = _PIECES, **given: Any) -> Attention:
    """A result whose weights `[layer, head, query, key]` are given, or random ones of 2 layers of 3 heads."""
    queries = given.pop("queries", None) or side(pieces)
    found = random_weights(2, 3, len(queries), len(queries)) if weights is None else np.asarray(weights, np.float32)
    request = AttentionRequest(DataRef("whole", queries.text or ""), pair=given.pop("pair", None))
    maps = given.pop("maps", None) or ArrayMaps({"self": found})
    return Attention(request, queries, given.pop("encoded", None), maps, RUN, **given)
