"""The result of `attention`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.request import AttentionRequest
from nbtransformers.results.attentionmaps import Extent, Floats, Maps, Part
from nbtransformers.results.run import RunReport

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
        """The weights of a head: `[layer, head]` gives float32 `[query, key]`, `[layer, head, rows]` some queries.

        Raises:
            UserError: when there is no such layer, head or query.
        """
        if not isinstance(place, tuple) or len(place) not in (2, 3):  # pyright: ignore[reportUnknownArgumentType]
            raise UserError("Attention is looked up by layer and head.", hint="Type `attention[0, 0]`.")
        layer, head, *rows = place  # pyright: ignore[reportUnknownVariableType]
        at = self.layer(layer), self.head(head)  # pyright: ignore[reportUnknownArgumentType]
        if not rows:
            return self.maps.weights(self.part, *at, slice(0, self.shape.queries))
        if isinstance(rows[0], int | np.integer):
            return self.maps.weights(self.part, *at, self._rows([rows[0]]))[0]
        return self.maps.weights(self.part, *at, self._rows(rows[0]))  # pyright: ignore[reportUnknownArgumentType]

    def _rows(self, rows: Any) -> NDArray[np.int64]:
        numbers = np.arange(self.shape.queries)
        try:
            return numbers[rows if isinstance(rows, slice) else np.asarray(rows)]
        except IndexError as error:
            raise UserError(
                f"There is no such query: the text has {count(len(numbers), 'token')}.",
                hint=f"They are numbered from 0 to {len(numbers) - 1}.",
            ) from error

    def layer(self, layer: Any) -> int:
        """The number of a layer, counted from the end when it is negative."""
        return _numbered("layer", layer, self.shape.layers, self.run.model)

    def head(self, head: Any) -> int:
        """The number of a head, counted from the end when it is negative."""
        return _numbered("head", head, self.shape.heads, self.run.model)

    def q(self, layer: int, head: int) -> Floats:
        """Float32 `[query, dim]`: the queries of a head, after any rotation of their positions."""
        return self.maps.q(self.part, self.layer(layer), self.head(head))

    def k(self, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys of a head; grouped heads share them."""
        return self.maps.k(self.part, self.layer(layer), self.head(head))

    def v(self, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the values of a head."""
        return self.maps.v(self.part, self.layer(layer), self.head(head))


def _numbered(what: str, number: Any, total: int, model: str) -> int:
    if isinstance(number, int | np.integer) and -total <= number < total:
        return int(number) % total
    raise UserError(f"{model} has no {what} {number!r}.", hint=f"Its {what}s are numbered from 0 to {total - 1}.")
