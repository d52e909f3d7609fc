"""What a program must know besides a request, so that it looks at the same attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtransformers.results.recipe import ModelRecipe

if TYPE_CHECKING:
    from nbtransformers.request import AttentionRequest


@dataclass(frozen=True, slots=True)
class AttentionRecipe(ModelRecipe):
    """What a program must know to look at the same attention.

    Attributes:
        text: the text.
        pair: the second one; None for none.
        limit: tokens that are read of it; 0 is no limit.
        decoder_ids: what the decoder of an encoder-decoder reads; empty for any other model.
        takes_type_ids: whether the model takes token_type_ids.
        takes_cache: whether it may be told to keep no cache.
        keeps_queries: whether weights are to be computed from queries and keys, since all would be too many.
        given: the inputs, name and numbers, where a tokenizer of the user's has made them; empty for a text.
    """

    text: str
    pair: str | None
    limit: int
    decoder_ids: tuple[int, ...]
    takes_type_ids: bool
    takes_cache: bool
    keeps_queries: bool
    given: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class AttentionDifferenceRecipe:
    """What a program must know to look at the same difference of two.

    Attributes:
        first: the request and the recipe of what is subtracted from.
        second: those of what is subtracted.
    """

    first: tuple[AttentionRequest, AttentionRecipe]
    second: tuple[AttentionRequest, AttentionRecipe]
