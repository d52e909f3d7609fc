"""The difference of two: of two models on the same text, or of two texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.results.attentionblocks import Numbers
from nbtransformers.results.attentionmaps import Extent, Floats, Maps, Part, Rows, WeightsAlone
from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe, AttentionRecipe

if TYPE_CHECKING:
    from nbtransformers.request import AttentionRequest
    from nbtransformers.results.attention import Attention, Side

Partners = tuple[Numbers, Numbers]
"""Of each query, and of each key, int64: which token of the other it is compared with; -1 for none."""


def minus(first: Attention, second: Attention) -> Attention:
    """The weights of one less those of another, token by token of the first one's text.

    Tokens are paired where both texts have the same ones in the same order (`difflib`); a weight from or to a token
    without a partner is NaN.

    Raises:
        UserError: when the models have not as many layers and heads.
    """
    if first.maps.parts != second.maps.parts:
        raise UserError(
            f"Of {first.run.model} and {second.run.model} one is an encoder-decoder: their heads do not pair.",
            hint="Compare models of one kind.",
        )
    notes: list[str] = []
    pairs = {"queries": _paired(first.queries, second.queries)}
    notes += _lonely(pairs["queries"], "the text" if first.encoded is None else "the decoder's text")
    if first.encoded is not None and second.encoded is not None:
        pairs["encoded"] = _paired(first.encoded, second.encoded)
        notes += _lonely(pairs["encoded"], "the text")
    partners: dict[Part, Partners] = {}
    for part in first.maps.parts:
        _refuse_unlike(first, second, part)
        queries, keys = "encoded" if part == "encoder" else "queries", "queries" if part == "self" else "encoded"
        partners[part] = pairs[queries], pairs[keys]
    names = (first.run.model, second.run.model)
    name = names[0] if names[0] == names[1] else " − ".join(names)
    return replace(
        first,
        maps=DifferenceMaps(first.maps, second.maps, partners),
        run=replace(first.run, model=name),
        notes=(*notes, *first.notes),
        signed=True,
        recipe=_recipe(first, second),
    )


def _recipe(first: Attention, second: Attention) -> AttentionDifferenceRecipe | None:
    """What a program of the difference must know; None where it could not tell two models of the user's apart."""
    found: list[tuple[AttentionRequest, AttentionRecipe]] = []
    for one in (first, second):
        if not isinstance(one.recipe, AttentionRecipe):
            return None
        if one.request.tokenizer is not None or one.recipe.place.model.kind == "variable":
            return None
        found.append((one.request, one.recipe))
    return AttentionDifferenceRecipe(*found)


def _refuse_unlike(first: Attention, second: Attention, part: Part) -> None:
    one, other = first.maps.extent(part), second.maps.extent(part)
    if one[:2] != other[:2]:
        said = [f"{count(extent.layers, 'layer')} of {count(extent.heads, 'head')}" for extent in (one, other)]
        raise UserError(
            f"{first.run.model} has {said[0]} and {second.run.model} {said[1]}: their heads do not pair.",
            hint="Compare models of one shape, such as two checkpoints, or subtract their `.rollout()`.",
        )


def _paired(one: Side, other: Side) -> Numbers:
    """Int64 `[token]`: the number of the same token of the other side; -1 where it has none."""
    if one.pieces == other.pieces:
        return np.arange(len(one))
    found = np.full(len(one), -1, np.int64)
    for block in SequenceMatcher(None, one.pieces, other.pieces, autojunk=False).get_matching_blocks():
        found[block.a : block.a + block.size] = np.arange(block.b, block.b + block.size)
    return found


def _lonely(partners: Numbers, text: str) -> list[str]:
    number = int((partners < 0).sum())
    if not number:
        return []
    return [
        f"{number:,} of {count(len(partners), 'token')} of {text} {'has' if number == 1 else 'have'} no partner in the "
        "other one: there is no difference there (NaN)."
    ]


@dataclass(frozen=True, slots=True, eq=False)
class DifferenceMaps(WeightsAlone):
    """The maps of one less those of another.

    Attributes:
        first: the maps of the one.
        second: those of the other.
        partners: of each part, which tokens are compared.
    """

    first: Maps
    second: Maps
    partners: Mapping[Part, Partners]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that both have."""
        return tuple(self.partners)

    @property
    def nbytes(self) -> int:
        """Bytes that are kept of both."""
        return self.first.nbytes + self.second.nbytes

    def extent(self, part: Part) -> Extent:
        """As of the first."""
        return self.first.extent(part)

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query, key]`: the differences; NaN where one of the two tokens has no partner."""
        queries, keys = self.partners[part]
        chosen = np.arange(len(queries))[rows]
        found = np.array(self.first.weights(part, layer, head, chosen), np.float32)
        theirs = self.second.weights(part, layer, head, np.maximum(queries[chosen], 0))
        found -= theirs[:, np.maximum(keys, 0)]
        found[queries[chosen] < 0] = np.nan
        found[:, keys < 0] = np.nan
        return found

    def cost(self, part: Part, layer: int) -> int:
        """As of the two."""
        return self.first.cost(part, layer) + self.second.cost(part, layer)

    def _refuse(self) -> NoReturn:
        raise UserError("A difference has no queries, keys or values.", hint="Ask one of the two that it is of.")
