"""The result of `attention`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request import AttentionRequest
from nbtransformers.results.attentionmaps import Extent, Floats, Maps, Part
from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe, AttentionRecipe
from nbtransformers.results.export import Written
from nbtransformers.results.run import RunReport

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nbtransformers.results.attentionedges import Edges
    from nbtransformers.results.attentionmeasures import Measures
    from nbtransformers.results.attentiontiles import Tile

_CELLS = 256  # of a side of a tile, unless somebody says otherwise

SPECIAL, CONTINUES, SECOND = 1, 2, 4
"""Bits of a token's flags: a special one; not the first piece of its word; of the second text of a pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The tokens of a text that attention goes from, or to.

    Attributes:
        text: what was read; None for what a model wrote.
        ids: int64 `[token]`.
        pieces: what each is called, such as `##ing` or `Ġthe`.
        offsets: int64 `[token, 2]`, where it starts and stops in its text, in code points; 0, 0 for a special token.
        words: int64 `[token]`, the number of its word, rising over both texts of a pair; -1 for a special token.
        flags: uint8 `[token]`, as `SPECIAL` and the others.
    """

    text: str | None
    ids: NDArray[np.int64]
    pieces: tuple[str, ...]
    offsets: NDArray[np.int64]
    words: NDArray[np.int64]
    flags: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)

    def labels(self, pair: str | None = None) -> list[str]:
        """Each token as a reader sees it: its stretch of the text; of a special one, or without a text, its name.

        Args:
            pair: the second text.
        """
        texts = (self.text, pair)
        found: list[str] = []
        for piece, (start, stop), flags in zip(self.pieces, self.offsets.tolist(), self.flags.tolist(), strict=True):
            text = texts[bool(flags & SECOND)]
            found.append(piece if text is None or stop <= start or flags & SPECIAL else text[start:stop])
        return found


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Attention:
    """How every token of a text attends to the others, in each layer and head of a model.

    Attributes:
        request: what was asked for.
        queries: the tokens that attend: those of the text, of an encoder-decoder those of the decoder's text.
        encoded: of an encoder-decoder, the tokens of the encoder's text; None of any other model.
        maps: where the weights are computed, when they are asked for.
        run: how it went.
        notes: what a careful reader should be told.
        part: which attention `attention[layer, head]` is of; `cross` and `encoder` are the same result of another part.
        signed: whether it is the difference of two, whose weights lie between -1 and 1.
        recipe: what a plain program for it must know; None when no program gives it.

    Example:
        >>> attention = nbt.attention("The cat sat because it was tired.")
        >>> attention[3, 7].shape
        (10, 10)
    """

    request: AttentionRequest
    queries: Side
    encoded: Side | None
    maps: Maps
    run: RunReport
    notes: tuple[str, ...] = ()
    part: Part = "self"
    signed: bool = False
    recipe: AttentionRecipe | AttentionDifferenceRecipe | None = None

    @property
    def shape(self) -> Extent:
        """`[layer, head, query, key]`."""
        return self.maps.extent(self.part)

    @property
    def query_side(self) -> Side:
        """The tokens that attend, in this part."""
        return self.encoded if self.part == "encoder" and self.encoded is not None else self.queries

    @property
    def key_side(self) -> Side:
        """The tokens that are attended to, in this part."""
        return self.queries if self.part == "self" or self.encoded is None else self.encoded

    @property
    def tokens(self) -> list[str]:
        """The tokens that attend, as the tokenizer writes them."""
        return list(self.query_side.pieces)

    @property
    def key_tokens(self) -> list[str]:
        """The tokens that are attended to."""
        return list(self.key_side.pieces)

    @property
    def labels(self) -> list[str]:
        """The tokens that attend, as a reader sees them: each with its stretch of the text."""
        return self.query_side.labels(self.request.pair)

    @property
    def key_labels(self) -> list[str]:
        """The tokens that are attended to, as a reader sees them."""
        return self.key_side.labels(self.request.pair)

    @property
    def cross(self) -> Attention:
        """The attention of the decoder to the encoder's text.

        Raises:
            UserError: when the model is no encoder-decoder.
        """
        return self.of_part("cross")

    @property
    def encoder(self) -> Attention:
        """The attention of the encoder's text to itself.

        Raises:
            UserError: when the model is no encoder-decoder.
        """
        return self.of_part("encoder")

    def of_part(self, part: Part) -> Attention:
        """The same result with another part to look at."""
        if part not in self.maps.parts:
            raise UserError(
                f"{self.run.model} is no encoder-decoder: it has no {part} attention.",
                hint="Its attention is `attention[layer, head]`.",
            )
        return replace(self, part=part)

    def __getitem__(self, place: Any) -> Floats:
        """The weights at a place, float32; what is not asked for is not computed.

        `[layer, head]` gives `[query, key]`. Queries and keys may follow, and each of the four be a number, a slice, a
        list or a mask: `[3, :, -1]` is what the last token attends to in every head of layer 3, `[head, key]`.

        Raises:
            UserError: when there is no such place, or several heads would take more than a gibibyte.
        """
        from nbtransformers.results.attentionlookup import looked_up

        return looked_up(self, place)

    def layer(self, layer: Any) -> int:
        """The number of a layer, counted from the end when it is negative."""
        return self._number("layer", layer, self.shape.layers)

    def head(self, head: Any) -> int:
        """The number of a head, counted from the end when it is negative."""
        return self._number("head", head, self.shape.heads)

    def _number(self, what: str, given: Any, total: int) -> int:
        from nbtransformers.results.attentionlookup import numbers

        return int(numbers(self, what, given if isinstance(given, int | np.integer) else str(given), total))

    def q(self, layer: int, head: int) -> Floats:
        """Float32 `[query, dim]`: the queries of a head, after any rotation of their positions."""
        return self.maps.q(self.part, self.layer(layer), self.head(head))

    def k(self, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys of a head; grouped heads share them."""
        return self.maps.k(self.part, self.layer(layer), self.head(head))

    def v(self, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the values of a head."""
        return self.maps.v(self.part, self.layer(layer), self.head(head))

    # --- all heads in numbers ---

    def measures(self, queries: int | None = None) -> Measures:
        """What each head attends to: entropy, distance, and its share on some tokens, each `[layer, head]`.

        `nbtransformers.results.attentionmeasures` says what each is.

        Args:
            queries: take so many evenly spaced queries at most, for a long text; None takes all.

        Example:
            >>> attention.measures().to_pandas().sort_values("induction")
        """
        from nbtransformers.results.attentionmeasures import measured

        return measured(self, queries)

    def entropy(self, queries: int | None = None) -> Floats:
        """Float32 `[layer, head]`: how widely each head spreads its weights, in nats; the mean over its queries.

        Args:
            queries: as for `measures`.
        """
        return self.measures(queries)["entropy"]

    # --- heads together, and layers one behind the other ---

    def mean(self, layer: int) -> Floats:
        """Float32 `[query, key]`: the mean over the heads of a layer.

        Raises:
            UserError: when there is no such layer, or the matrix would take more than 256 MiB.
        """
        from nbtransformers.results.attentionflow import mean

        return mean(self, self.layer(layer))

    def rollout(self, layers: int | None = None) -> Floats:
        """Float32 `[position, token]`: what of each token is in each position after so many layers, or after all.

        The attention rollout of Abnar & Zuidema 2020: in each layer half of a position stays, and half is the mean
        of what its heads attend to.

        Raises:
            UserError: for `cross`, for a difference, when there are not so many layers, or when the matrix would take
                more than 256 MiB.
        """
        from nbtransformers.results.attentionflow import rollout

        return rollout(self, layers)

    def flow(self, token: int, direction: Literal["from", "to"] = "from") -> Floats:
        """Float32 `[layer, token]`: the rollout of one token, layer by layer.

        Args:
            token: the number of a token.
            direction: `from` gives how much of it is in each other token, `to` how much of each other is in it.

        Raises:
            UserError: when there is no such token or direction, and as `rollout`.
        """
        from nbtransformers.results.attentionflow import flow

        if direction not in ("from", "to"):
            raise UserError(f"There is no direction {direction!r}.", hint='Type `"from"` or `"to"`.')
        return flow(self, self._number("query", token, self.shape.queries), direction)

    # --- parts of a head ---

    def tile(
        self,
        layer: int,
        head: int | Literal["mean"],
        rows: tuple[int, int, int] | None = None,
        columns: tuple[int, int, int] | None = None,
        *,
        mean: bool = False,
        most: int | None = None,
    ) -> Tile:
        """A part of a head seen from afar, as a grid of cells: of a head of any length, block by block.

        Args:
            layer: the layer.
            head: the head, or `mean` for the mean over the heads of the layer.
            rows: the first query, the one behind the last, and how many cells at most; None is all in 256 cells.
            columns: the same of the keys.
            mean: the mean of each cell; else its largest weight.
            most: weights to compute: where there are more in these rows, evenly spaced ones stand for the others, and
                the tile is `sampled`; None computes all.

        Raises:
            UserError: when there is no such layer, head, query or key.

        Example:
            >>> attention.tile(3, 7, rows=(0, 1000, 100)).values.shape
            (100, 256)
        """
        from nbtransformers.results.attentiontiles import tile

        shape = self.shape
        heads = range(shape.heads) if head == "mean" else [self.head(head)]
        taken = self._stretch(rows, "query", shape.queries), self._stretch(columns, "key", shape.keys)
        affordable = len(heads) * shape.queries * shape.keys if most is None else most
        return tile(self, self.layer(layer), heads, *taken, mean=mean, most=affordable)

    def edges(
        self,
        layer: int,
        heads: int | Sequence[int],
        rows: tuple[int, int] | None = None,
        columns: tuple[int, int] | None = None,
        most: int = 100,
    ) -> Edges:
        """The strongest weights of some heads, the strongest first.

        Args:
            layer: the layer.
            heads: one head, or several.
            rows: the first query and the one behind the last; None is all.
            columns: the same of the keys.
            most: how many, at most.

        Raises:
            UserError: when there is no such layer, head, query or key, or none is asked for.
        """
        from nbtransformers.results.attentionedges import edges

        if most < 1:
            raise UserError(f"The {most} strongest weights are none.", hint="Ask for 1 or more.")
        shape = self.shape
        given = [heads] if isinstance(heads, int | np.integer) else heads
        numbers = np.array([self.head(head) for head in given], np.int64)
        if not len(numbers):
            raise UserError("There are no heads to look for the strongest weights in.", hint="Give one, such as `[0]`.")
        start, stop, _ = self._stretch(None if rows is None else (*rows, 1), "query", shape.queries)
        first, last, _ = self._stretch(None if columns is None else (*columns, 1), "key", shape.keys)
        return edges(self, self.layer(layer), numbers, (start, stop), (first, last), most)

    # --- other looks at the same ---

    def by_words(self) -> Attention:
        """The same with words in the place of tokens.

        What goes to a word is the sum over its tokens; what a word attends to is the mean over its tokens.

        Example:
            >>> attention.by_words().tokens
            ['[CLS]', 'Unbelievable', '!', '[SEP]']
        """
        from nbtransformers.results.attentionwords import by_words

        return by_words(self)

    def minus(self, other: Attention) -> Attention:
        """The difference to another: of another model or checkpoint on this text, or of another text.

        Its weights lie between -1 and 1. Where the texts differ, the tokens are paired as `difflib` pairs them; from
        and to a token without a partner the difference is NaN.

        Raises:
            UserError: when the other has not as many layers and heads.

        Example:
            >>> nbt.attention(text, model="tuned").minus(nbt.attention(text, model="base")).plot(5, 0)
        """
        from nbtransformers.results.attentiondifference import minus

        if not isinstance(other, Attention):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"{shown(other)} is {kind_of(other)}, no attention.", hint="Give another result.")
        return minus(self, other)

    def __sub__(self, other: Attention) -> Attention:
        return self.minus(other)

    # --- tables and figures ---

    def to_pandas(self, layer: int | None = None, head: int | None = None) -> pd.DataFrame:
        """A head as a table, queries down and keys across; or without a head one row a weight.

        Args:
            layer: the layer; None takes all.
            head: the head; None takes all, in the columns `layer`, `head`, `query`, `key`, `query_token`, `key_token`
                and `weight`.

        Raises:
            UserError: when there is no such layer or head, or there would be more than 20 million rows.

        Example:
            >>> attention.to_pandas(3, 7).loc["tired"].sort_values()
        """
        from nbtransformers.results import attentionframes

        if head is None:
            return attentionframes.long(self, layer)
        if layer is None:
            raise UserError(f"There is a head, {head}, and no layer.", hint="Type `.to_pandas(layer, head)`.")
        return attentionframes.wide(self, layer, head)

    def to_xarray(self) -> Any:
        """An xarray `DataArray` `[layer, head, query, key]`; `query_token` and `key_token` are coordinates.

        Raises:
            UserError: when xarray is not installed, or the array would take more than a gibibyte.

        Example:
            >>> attention.to_xarray().mean("head")
        """
        from nbtransformers.results.attentionframes import labelled

        return labelled(self)

    def plot(self, layer: int, head: int | Literal["mean"], ax: Axes | None = None) -> Axes:
        """A head as a heat map: queries down, keys across; of a long text the largest weight in each cell.

        Args:
            layer: the layer.
            head: the head, or `mean`.
            ax: where to draw; None makes a new figure.

        Example:
            >>> attention.plot(3, 7).figure.savefig("head.pdf")
        """
        from nbtransformers.results.attentionshown import heat_map

        return heat_map(self, layer, head, ax)

    def plot_grid(self) -> Figure:
        """All heads as small heat maps, a row a layer, each on a scale of its own.

        Example:
            >>> attention.plot_grid().savefig("heads.pdf")
        """
        from nbtransformers.results.attentionshown import grid

        return grid(self)

    # --- a file ---

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Written:
        """Write it into a file of NumPy's, `.npz`, that `load` reads without the model.

        What the weights are computed from is kept, exact to float32, so that also a text of thousands of tokens takes
        some megabytes a layer; or the weights themselves, where they come of nothing else.
        `nbtransformers.results.attentionfile` says what is in it.

        Args:
            path: where to.
            overwrite: put it in the place of a file that is there.

        Raises:
            UserError: when it is there already, cannot be written, or would be larger than a gibibyte of weights.

        Example:
            >>> attention.save("attention.npz")
        """
        from nbtransformers.results.attentionfile import save

        return save(self, path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Attention:
        """What `save` wrote.

        Raises:
            UserError: when there is no such file, or it is none of these.
        """
        from nbtransformers.results.attentionfile import load

        return load(path)

    def __str__(self) -> str:
        """What was read, which heads stand out, and the notes, for a plain terminal."""
        from nbtransformers.results.attentionshown import as_text

        return as_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _stretch(self, given: tuple[int, int, int] | None, what: str, total: int) -> tuple[int, int, int]:
        start, stop, cells = (0, total, _CELLS) if given is None else given
        if cells < 1:
            raise UserError(f"A side of {cells} cells shows nothing.", hint="Ask for 1 cell or more.")
        if not 0 <= start < stop <= total:
            raise UserError(
                f"{'Queries' if what == 'query' else 'Keys'} {start} to {stop} are not all there.",
                hint=f"There are {total:,}, from 0: give the first, and the one behind the last.",
            )
        return start, stop, cells
