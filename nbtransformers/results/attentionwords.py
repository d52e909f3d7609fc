"""Attention between words: the pieces of a word taken together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.results.attentionblocks import Numbers
from nbtransformers.results.attentionmaps import Extent, Floats, Maps, Part, Rows, WeightsAlone

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention, Side

_SPECIAL, _CONTINUES, _SECOND = 1, 2, 4  # bits of a token's flags, as in `attention`, which sees this module


def by_words(attention: Attention) -> Attention:
    """The same with words in the place of tokens: what goes to a word is the sum over its tokens, and what a word
    attends to is the mean over its tokens, so that the weights of a word sum to what those of a token do."""
    sides = [side for side in (attention.queries, attention.encoded) if side is not None]
    starts = {id(side): word_starts(side.words) for side in sides}
    maps = attention.maps
    cuts: dict[Part, tuple[Numbers, Numbers]] = {}
    for part in maps.parts:
        looked_at = attention.of_part(part)
        cuts[part] = starts[id(looked_at.query_side)], starts[id(looked_at.key_side)]
    pair = attention.request.pair
    words = [_words(side, starts[id(side)], pair) for side in sides]
    return replace(
        attention,
        queries=words[0],
        encoded=words[1] if len(words) > 1 else None,
        maps=WordMaps(maps, cuts),
    )


def word_starts(words: Numbers) -> Numbers:
    """Int64 `[word + 1]`: the token that each word begins with, and the end; one without a word is its own."""
    begins = np.flatnonzero((words < 0) | (np.diff(words, prepend=-1) != 0))
    return np.append(begins, len(words))


@dataclass(frozen=True, slots=True, eq=False)
class WordMaps(WeightsAlone):
    """The maps of tokens, as those of words.

    Attributes:
        tokens: the maps of tokens.
        cuts: part to where the words of its queries, and of its keys, begin, and the end.
    """

    tokens: Maps
    cuts: dict[Part, tuple[Numbers, Numbers]]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that there are."""
        return self.tokens.parts

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return self.tokens.nbytes

    def extent(self, part: Part) -> Extent:
        """How much there is of a part, in words."""
        queries, keys = self.cuts[part]
        extent = self.tokens.extent(part)
        return Extent(extent.layers, extent.heads, len(queries) - 1, len(keys) - 1)

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query word, key word]`."""
        queries, keys = self.cuts[part]
        chosen = np.arange(len(queries) - 1)[rows]
        sizes = np.diff(queries)[chosen]
        begins = np.cumsum(sizes) - sizes
        tokens = np.repeat(queries[chosen] - begins, sizes) + np.arange(int(sizes.sum()))
        given = self.tokens.weights(part, layer, head, tokens)
        to_words = np.add.reduceat(given, keys[:-1], axis=1)
        sums: Floats = np.add.reduceat(to_words, begins, axis=0)
        return (sums / sizes[:, None]).astype(np.float32)

    def cost(self, part: Part, layer: int) -> int:
        """As of the tokens."""
        return self.tokens.cost(part, layer)

    def _refuse(self) -> NoReturn:
        raise UserError(
            "Words have no queries, keys or values: a model computes them of tokens.",
            hint="Ask the attention that `by_words()` was called on.",
        )


def _words(side: Side, starts: Numbers, pair: str | None) -> Side:
    """The words of a side as its tokens."""
    first, last = starts[:-1], starts[1:] - 1
    offsets = np.stack([side.offsets[first, 0], side.offsets[last, 1]], axis=1)
    flags = side.flags[first] & np.uint8(~_CONTINUES & 0xFF)
    return replace(
        side,
        ids=_numbered(side, starts),
        pieces=tuple(_spelled(side, starts, offsets, pair)),
        offsets=offsets,
        words=np.where(flags & _SPECIAL, -1, np.cumsum(~(flags & _SPECIAL).astype(bool)) - 1),
        flags=flags,
    )


def _numbered(side: Side, starts: Numbers) -> Numbers:
    """A number for each word, the same for the same one: that of its token, or below 0 where it has several."""
    ids = side.ids.tolist()
    several: dict[tuple[int, ...], int] = {}
    found: list[int] = []
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        key = tuple(ids[start:stop])
        found.append(key[0] if len(key) == 1 else several.setdefault(key, -1 - len(several)))
    return np.array(found, np.int64)


def _spelled(side: Side, starts: Numbers, offsets: Numbers, pair: str | None) -> list[str]:
    """Each word as the text has it; without a text, its pieces one behind the other."""
    found: list[str] = []
    for number, (start, stop) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        flags = side.flags[start]
        text = pair if flags & _SECOND else side.text
        begin, end = offsets[number].tolist()
        if text is None or flags & _SPECIAL or end <= begin:
            found.append("".join(side.pieces[start:stop]))
        else:
            found.append(text[begin:end].strip())
    return found
