"""Which keys each query of a layer may see, in a few numbers a query rather than T²."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The keys that each query may see.

    Causal, sliding, padded and packed masks leave a query one run of keys, from `first` up to `stop`; any other
    mask is kept whole, a bit a key.

    Attributes:
        keys: how many there are.
        first: int64 `[query]`; None where the mask is kept whole.
        stop: int64 `[query]`.
        whole: bool `[query, key]`, or None.
    """

    keys: int
    first: torch.Tensor | None
    stop: torch.Tensor | None
    whole: torch.Tensor | None = None

    @classmethod
    def everything(cls, queries: int, keys: int) -> Seen:
        """No mask."""
        import torch

        return cls(keys, torch.zeros(queries, dtype=torch.int64), torch.full((queries,), keys))

    @classmethod
    def causal(cls, queries: int, keys: int) -> Seen:
        """Each query sees itself and what is before it."""
        import torch

        return cls(keys, torch.zeros(queries, dtype=torch.int64), torch.arange(1, queries + 1).clamp_(max=keys))

    @classmethod
    def by(cls, mask: torch.Tensor) -> Seen:
        """By a mask `[query, key]`, true where a key is seen."""
        import torch

        counts = mask.sum(-1)
        first = mask.to(torch.uint8).argmax(-1)
        stop = mask.shape[1] - mask.flip(-1).to(torch.uint8).argmax(-1)
        if bool(((stop - first == counts) | (counts == 0)).all()):
            return cls(mask.shape[1], first.cpu(), torch.where(counts == 0, first, stop).cpu())
        return cls(mask.shape[1], None, None, mask.cpu().clone())

    def of(self, queries: torch.Tensor, keys: torch.Tensor) -> Seen:
        """What some of the queries see of some of the keys, both by rising numbers."""
        import torch

        if self.whole is not None:
            return Seen(len(keys), None, None, self.whole[queries][:, keys])
        assert self.first is not None and self.stop is not None
        first, stop = (torch.searchsorted(keys, edge[queries]) for edge in (self.first, self.stop))
        return Seen(len(keys), first, stop)

    def rows(self, queries: torch.Tensor) -> torch.Tensor:
        """Bool `[query, key]` of some queries."""
        import torch

        if self.whole is not None:
            return self.whole[queries]
        assert self.first is not None and self.stop is not None
        numbers = torch.arange(self.keys)
        return (numbers >= self.first[queries, None]) & (numbers < self.stop[queries, None])

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return sum(tensor.nbytes for tensor in (self.first, self.stop, self.whole) if tensor is not None)
