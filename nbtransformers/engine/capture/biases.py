"""What is added to the scores of a layer for the places of query and key: ALiBi, T5's and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """The bias of each head, by query and key.

    One that depends on the distance alone is kept as a row of all distances; any other as it is, T² numbers.

    Attributes:
        by_distance: `[head, distance]`, of key minus query from 1 - queries to keys - 1; None where it is kept whole.
        whole: `[head, query or 1, key]`, or None; `head` is 1 where all heads share it.
        queries: how many there are.
        keys: how many there are.
    """

    by_distance: torch.Tensor | None
    whole: torch.Tensor | None
    queries: int
    keys: int

    @classmethod
    def by(cls, added: torch.Tensor, shown: torch.Tensor | None, queries: torch.Tensor, keys: torch.Tensor) -> Bias:
        """The bias of some queries and keys.

        Args:
            added: what is added to the scores of all, `[head or 1, query or 1, key]`.
            shown: bool `[query, key]`, true where a key is seen; None where all are. It does not matter what is
                added to others.
            queries: the numbers of the queries.
            keys: the numbers of the keys.
        """
        import torch

        if shown is not None and added.shape[1] > 1:
            line = added.masked_fill(~shown, float("-inf")).amax(1, keepdim=True)
            if bool(((added == line) | ~shown).all()):
                added = line.masked_fill(line == float("-inf"), 0)
        rows = queries if added.shape[1] > 1 else torch.zeros(1, dtype=torch.int64)
        all_of_them = rows.shape[0] == added.shape[1] and len(keys) == added.shape[2]
        part = added if all_of_them else added[:, rows.to(added.device)][:, :, keys.to(added.device)]
        if part.shape[1] > 1 and torch.equal(part[:, 1:, 1:], part[:, :-1, :-1]):
            # From the last query's first key, up that column, then along the first query's row.
            line = torch.cat([part[:, :, 0].flip(-1), part[:, 0, 1:]], dim=-1)
            return cls(line.cpu(), None, len(queries), len(keys))
        return cls(None, part.clone() if part.is_cpu else part.cpu(), len(queries), len(keys))

    def rows(self, head: int, queries: torch.Tensor) -> torch.Tensor:
        """Float32 `[query or 1, key]` of some queries."""
        import torch

        if self.by_distance is not None:
            line = self.by_distance[head % len(self.by_distance)].float()
            return line[self.queries - 1 - queries[:, None] + torch.arange(self.keys)]
        assert self.whole is not None
        whole = self.whole[head % len(self.whole)]
        return (whole if whole.shape[0] == 1 else whole[queries]).float()

    @property
    def is_small(self) -> bool:
        """Whether it takes far less than T² numbers."""
        return self.whole is None or self.whole.shape[1] == 1

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return sum(tensor.nbytes for tensor in (self.by_distance, self.whole) if tensor is not None)
