"""Attention as the engine could have given it, of a model of sines, made in a moment.

`tests/golden/make_attention.py` knows the same model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from helpers import RUN
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.request import AttentionRequest, DataRef
from nbtransformers.results.attention import Attention, Side
from nbtransformers.results.attentionmaps import Extent, Floats, Part, Rows, Steps

DIMS = 4
_PARTS = {"self": 0, "cross": 1, "encoder": 2}


@dataclass(eq=False)
class SineMaps:
    """Queries, keys and values that are sines, so that anyone can compute them again.

    Attributes:
        extents: how much there is of each part.
        causal: the parts where no token sees those behind it.
        signed: the weights are those of a layer less those of the one as far from the end.
        asked: how many weights were computed so far.
    """

    extents: Mapping[Part, Extent]
    causal: Sequence[Part] = ()
    signed: bool = False
    asked: int = field(default=0)

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(self.extents)

    @property
    def nbytes(self) -> int:
        return 0

    def extent(self, part: Part) -> Extent:
        return self.extents[part]

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        self.asked += len(np.arange(self.extents[part].queries)[rows]) * self.extents[part].keys
        found = self._weights(part, layer, head, rows)
        if self.signed:
            found -= self._weights(part, self.extents[part].layers - 1 - layer, head, rows)
        return found

    def _weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        scores = np.exp(self._scores(part, layer, head, rows))
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)

    def _scores(self, part: Part, layer: int, head: int, rows: Rows) -> NDArray[np.float64]:
        queries = np.arange(self.extents[part].queries)[rows]
        q = _sines(0, part, layer, head, self.extents[part].queries)[queries].astype(float)
        scores = q @ self.k(part, layer, head).astype(float).T * 0.5
        if part in self.causal:
            scores[np.arange(scores.shape[1]) > queries[:, None]] = -np.inf
        return scores

    def q(self, part: Part, layer: int, head: int) -> Floats:
        if self.signed:
            raise UserError("A difference has no queries.", hint="Ask one of the two.")
        return _sines(0, part, layer, head, self.extents[part].queries)

    def k(self, part: Part, layer: int, head: int) -> Floats:
        return _sines(1, part, layer, head, self.extents[part].keys)

    def v(self, part: Part, layer: int, head: int) -> Floats:
        return _sines(2, part, layer, head, self.extents[part].keys)

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        row, heads = np.array([query]), self.extents[part].heads
        scores = self._scores(part, layer, head, row)[0]
        outputs = [self._weights(part, layer, one, row)[0] @ self.v(part, layer, one) for one in range(heads)]
        concatenated = np.concatenate(outputs).astype(np.float32)
        return Steps(
            q=self.q(part, layer, head)[query],
            k=self.k(part, layer, head),
            scaling=0.5,
            softcap=None,
            bias=None,
            masked=np.isinf(scores),
            scores=scores.astype(np.float32),
            sink=None,
            weights=self._weights(part, layer, head, row)[0],
            v=self.v(part, layer, head),
            head_output=concatenated[head * DIMS : (head + 1) * DIMS],
            concatenated=concatenated,
            projected=concatenated * np.float32(0.5),
        )

    def cost(self, part: Part, layer: int) -> int:
        return 0


class QuickMaps(SineMaps):
    """Weights that are made before they are asked for, the same ones for every head."""

    @cached_property
    def _made(self) -> Floats:
        chance = np.random.default_rng(0)
        found = chance.exponential(size=(512, max(extent.keys for extent in self.extents.values()))) ** 3
        return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        places = np.arange(self.extents[part].queries)[rows]
        self.asked += len(places) * self.extents[part].keys
        return self._made[(places + 7 * head) % len(self._made), : self.extents[part].keys]


def _sines(which: int, part: Part, layer: int, head: int, tokens: int) -> Floats:
    token, dim = np.arange(tokens)[:, None], np.arange(DIMS)
    found = np.sin(1 + 2 * which + 3 * layer + 5 * head + 7 * token + 11 * dim + 13 * _PARTS[part])
    return found.astype(np.float32)


def side(tokens: int, text: str | None = None, pieces: Sequence[str] | None = None, **fields: Any) -> Side:
    """Tokens that are words, `w0 w1 …`, or these pieces."""
    named = [f"w{number}" for number in range(tokens)] if pieces is None else list(pieces)
    stops = np.cumsum([len(piece) + 1 for piece in named]) - 1
    made: dict[str, Any] = {
        "text": " ".join(named) if text is None else text,
        "ids": np.arange(tokens),
        "pieces": tuple(named),
        "offsets": np.stack([stops - [len(piece) for piece in named], stops], axis=1),
        "words": np.arange(tokens),
        "flags": np.zeros(tokens, np.uint8),
    }
    return Side(**{**made, **fields})


def attention(
    queries: Side | int = 6,
    encoded: Side | int | None = None,
    *,
    layers: int = 2,
    heads: int = 2,
    causal: bool = True,
    signed: bool = False,
    pair: str | None = None,
    target: str | None = None,
    maps: type[SineMaps] = SineMaps,
    **fields: Any,
) -> Attention:
    """The attention in these tokens, of a decoder; with `encoded` ones of an encoder-decoder."""
    queries = side(queries) if isinstance(queries, int) else queries
    encoded = side(encoded) if isinstance(encoded, int) else encoded
    n, m = len(queries), 0 if encoded is None else len(encoded)
    extents: dict[Part, Extent] = {"self": Extent(layers, heads, n, n)}
    if encoded is not None:
        extents |= {"cross": Extent(layers, heads, n, m), "encoder": Extent(layers, heads, m, m)}
    usual: dict[str, Any] = {
        "request": AttentionRequest(DataRef("whole", "text"), pair=pair, target=target),
        "queries": queries,
        "encoded": encoded,
        "maps": maps(extents, ("self",) if causal else (), signed),
        "run": RUN,
        "signed": signed,
    }
    return Attention(**{**usual, **fields})


def sections(listed: Sequence[Mapping[str, Any]], payload: bytes) -> dict[str, Any]:
    """The arrays of a wire, and its string tables as lists."""
    found: dict[str, Any] = {}
    for section in listed:
        start, stop = section["offset"], section["offset"] + section["nbytes"]
        found[section["name"]] = np.frombuffer(payload[start:stop], section["dtype"]).reshape(section["shape"])
    for name in [name.removesuffix("_offsets") for name in found if name.endswith("_offsets")]:
        offsets, data = found.pop(f"{name}_offsets").tolist(), found.pop(f"{name}_bytes").tobytes()
        found[name] = [data[a:b].decode() for a, b in pairwise(offsets)]
    return found
