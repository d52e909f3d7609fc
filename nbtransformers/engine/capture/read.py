"""Which tokens a part of a model reads, and which of them are no padding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbtransformers.results.attentionmaps import Part

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Tokens:
    """The numbers of the queries and keys that are no padding, among all that a pass reads."""

    queries: torch.Tensor
    keys: torch.Tensor

    @cached_property
    def tried(self) -> torch.Tensor:
        """Some of the queries, by their places among these: what the pass gives for them is compared."""
        import torch

        return few(torch.arange(len(self.queries)))

    @cached_property
    def tried_queries(self) -> torch.Tensor:
        """The same among all queries that the pass reads."""
        return self.queries[self.tried]


def few(numbers: torch.Tensor) -> torch.Tensor:
    """The first of some numbers, one in their middle, and the last."""
    return numbers[[0, len(numbers) // 2, -1]].unique() if len(numbers) else numbers


@dataclass(frozen=True)
class Read:
    """What a model reads in one pass.

    Attributes:
        model: the model.
        inputs: what it is called with, of one row.
    """

    model: Any
    inputs: Mapping[str, Any]
    _known: dict[tuple[Part, int, int], Tokens] = field(default_factory=dict[tuple[Part, int, int], Tokens])

    def is_whole(self, part: Part, queries: int, keys: int) -> bool:
        """Whether an attention is between all tokens that the part reads, as far as that is known."""
        sides = self._ids(part, of_queries=True), self._ids(part, of_queries=False)
        return all(side is None or side.shape[1] == total for side, total in zip(sides, (queries, keys), strict=True))

    def tokens(self, part: Part, queries: int, keys: int) -> Tokens:
        """Those that are no padding, of so many queries and keys."""
        if (part, queries, keys) not in self._known:
            sides = self._real(part, queries, of_queries=True), self._real(part, keys, of_queries=False)
            self._known[part, queries, keys] = Tokens(*sides)
        return self._known[part, queries, keys]

    def _real(self, part: Part, total: int, *, of_queries: bool) -> torch.Tensor:
        import torch

        mask = self.inputs.get(f"{self._prefix(part, of_queries=of_queries)}attention_mask")
        if mask is not None and mask.ndim == 2 and mask.shape[1] <= total:
            return mask[0].nonzero()[:, 0]
        read = self._ids(part, of_queries=of_queries)
        # A module may pad what it reads to a multiple of its window.
        return torch.arange(total if read is None else min(total, read.shape[1]))

    def _ids(self, part: Part, *, of_queries: bool) -> torch.Tensor | None:
        return self.inputs.get(f"{self._prefix(part, of_queries=of_queries)}input_ids")

    def _prefix(self, part: Part, *, of_queries: bool) -> str:
        of_encoder = part == "encoder" or (part == "cross" and not of_queries)
        return "decoder_" if self.model.config.is_encoder_decoder and not of_encoder else ""
