"""What each head attends to, in a few numbers.

Of the weights a of a head, float `[query, key]`, each query i weighing the keys j by a probability:

- `entropy`: the mean over queries of -Σ_j a_ij · ln a_ij, in nats: 0 for one key, ln n for n keys alike.
- `distance`: the mean over queries of Σ_j a_ij · |i - j|, in tokens (Vig & Belinkov 2019).
- `special`: the mean over queries of what goes to special tokens, such as [CLS] and [SEP] (Clark et al. 2019).
- `previous`, `next`: the mean of a_i,i-1 and of a_i,i+1, over the queries that have such a key (Clark et al. 2019).
- `first`: the mean over queries of a_i,0: where many heads put what they have no use for (Xiao et al. 2023).
- `induction`: the prefix-matching score of Olsson et al. 2022 on this text: of a token that was there before, what goes
  to the tokens that came right behind it then; the mean over all such tokens. Special tokens are left out, and so is
  the query itself, where a token stands twice in a row.

From the decoder to the encoder positions do not compare: `distance`, `previous`, `next` and `induction` are NaN. A mean
over no query is NaN. Of a difference of two the measures are those of the differences, over the tokens that have a
partner in the other text, and `entropy` is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.results.attentionblocks import Numbers, blocks, evenly
from nbtransformers.results.attentionmaps import Floats, NoHeadError

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.attention import Attention, Side

Measure = Literal["entropy", "distance", "special", "previous", "next", "first", "induction"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

_SPECIAL = 1  # the bit of a token's flags, as in `attention`, which sees this module
_TINY = np.float32(1e-37)
_BESIDE: tuple[tuple[Measure, int], ...] = (("previous", -1), ("next", 1))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Measures:
    """What each head attends to.

    Attributes:
        values: float32 `[measure, layer, head]`, in the order of `MEASURES`; NaN where a layer has no such head.
        sampled: how many queries they were taken from, where that is not all; None for all.

    Example:
        >>> attention.measures()["entropy"].shape
        (6, 12)
    """

    values: Floats
    sampled: int | None = None

    @property
    def names(self) -> tuple[Measure, ...]:
        """The measures, in order."""
        return MEASURES

    def __getitem__(self, name: str) -> Floats:
        """Float32 `[layer, head]`: one measure.

        Raises:
            UserError: when there is no such measure.
        """
        if name not in MEASURES:
            raise UserError(f"There is no measure {name!r}.", hint=did_you_mean(str(name), MEASURES))
        return self.values[MEASURES.index(name)]

    def to_pandas(self) -> pd.DataFrame:
        """One row a head: the index is `layer` and `head`, each measure is a column."""
        import pandas as pd

        layers, heads = self.values.shape[1:]
        index = pd.MultiIndex.from_product([range(layers), range(heads)], names=["layer", "head"])
        return pd.DataFrame(self.values.reshape(len(MEASURES), -1).T, index=index, columns=list(MEASURES))

    def __repr__(self) -> str:
        sampled = f", of {self.sampled} queries" if self.sampled else ""
        return f"{self.to_pandas()}{sampled}"


def measured(attention: Attention, queries: int | None = None) -> Measures:
    """The measures of all heads, from all queries or from so many evenly spaced ones at most."""
    total = attention.shape
    rows = evenly(total.queries, queries)
    values = np.full((len(MEASURES), total.layers, total.heads), np.nan, np.float32)
    measure = HeadMeasures(attention, rows)
    for layer, head in _heads(attention):
        sums = measure.sums()
        try:
            for place, weights in blocks(attention, layer, [head], rows):
                sums.add(place, weights)
        except NoHeadError:
            continue
        values[:, layer, head] = sums.means()
    return Measures(values, _sampled(rows, total.queries))


def _heads(attention: Attention) -> Iterator[tuple[int, int]]:
    total = attention.shape
    return ((layer, head) for layer in range(total.layers) for head in range(total.heads))


def _sampled(rows: Numbers, total: int) -> int | None:
    return len(rows) if len(rows) < total else None


class HeadMeasures:
    """What the measures of every head are taken with.

    Args:
        attention: of which part.
        rows: int64 `[row]`, rising, the queries that are looked at.
    """

    def __init__(self, attention: Attention, rows: Numbers) -> None:
        side = attention.key_side
        self.rows, self.signed = rows, attention.signed
        self.near = attention.part != "cross"  # places in two texts are not near or far
        self._special = (side.flags & _SPECIAL > 0).astype(np.float32)
        self._keys = np.arange(len(side), dtype=np.float32)
        self._repeated = _Repeated(attention.query_side, rows)

    def sums(self) -> Sums:
        """Those of one head, before any of its weights was seen."""
        return Sums(self)

    def special(self, weights: Floats) -> float:
        """The sum of what goes to special tokens."""
        return float((weights @ self._special).sum())

    def apart(self, weights: Floats, rows: Numbers) -> float:
        """Σ a_ij · |i - j|."""
        return float(np.vdot(weights, np.abs(rows.astype(np.float32)[:, None] - self._keys)))

    def repeating(self, place: slice) -> tuple[Numbers, Numbers, int]:
        """Of a block: rows and keys of what stood behind earlier occurrences of a query's token, and how many have."""
        return self._repeated.of(place)


class Sums:
    """The sums over the queries of a head, and over how many each is."""

    def __init__(self, measure: HeadMeasures) -> None:
        self._measure = measure
        self._sums = np.zeros(len(MEASURES))
        self._counts = np.zeros(len(MEASURES))

    def add(self, place: slice, weights: Floats) -> None:
        """The weights `[query, key]` of some of the queries that are looked at."""
        measure = self._measure
        rows = measure.rows[place]
        paired = None
        if measure.signed:  # a token without a partner, NaN, is not one that differs by nothing
            paired = np.isfinite(weights)
            weights = np.where(paired, weights, np.float32(0))
        else:
            logs = np.maximum(weights, _TINY)
            self._note("entropy", -float(np.vdot(weights, np.log(logs, out=logs))), len(rows))
        queries = len(rows) if paired is None else int(paired.any(axis=1).sum())
        self._note("special", measure.special(weights), queries)
        self._note("first", float(weights[:, 0].sum()), len(rows) if paired is None else int(paired[:, 0].sum()))
        if not measure.near:
            return
        self._note("distance", measure.apart(weights, rows), queries)
        for name, step in _BESIDE:
            there = np.flatnonzero((rows + step >= 0) & (rows + step < weights.shape[1]))
            cells = there, rows[there] + step
            self._note(name, float(weights[cells].sum()), len(there) if paired is None else int(paired[cells].sum()))
        at, keys, number = measure.repeating(place)
        if paired is not None:
            number = len(np.unique(at[paired[at, keys]]))
        self._note("induction", float(weights[at, keys].sum()), number)

    def _note(self, name: Measure, total: float, number: int) -> None:
        at = MEASURES.index(name)
        self._sums[at] += total
        self._counts[at] += number

    def means(self) -> NDArray[np.float64]:
        """`[measure]`; NaN where there was no query."""
        return np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), np.nan)


class _Repeated:
    """Of the queries whose token was there before, the keys right behind it then, but not the query itself.

    They are as many as the square of the tokens where one token is repeated, so a block's are found when it is asked
    for: the places of a token, one after the other, and how many of them each query looks back on, are O(tokens).
    """

    def __init__(self, side: Side, rows: Numbers) -> None:
        self._places = np.argsort(side.ids, kind="stable")
        ids = side.ids[self._places]
        first = np.searchsorted(ids, side.ids)
        rank = np.empty(len(ids), np.int64)
        rank[self._places] = np.arange(len(ids))
        earlier = rank - first
        earlier[1:] -= side.ids[1:] == side.ids[:-1]  # behind the token before stands the query
        earlier[side.flags & _SPECIAL > 0] = 0
        self._first, self._earlier = first[rows], earlier[rows]

    def of(self, place: slice) -> tuple[Numbers, Numbers, int]:
        """Rows within a block, their keys, and how many rows have any."""
        earlier = self._earlier[place]
        rows = np.repeat(np.arange(len(earlier)), earlier)
        nth = np.arange(len(rows)) - (np.cumsum(earlier) - earlier)[rows]
        return rows, self._places[self._first[place][rows] + nth] + 1, int(np.count_nonzero(earlier))
