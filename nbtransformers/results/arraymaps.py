"""Attention whose weights are there as arrays: read from a file, or made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from nbtransformers.errors import UserError
from nbtransformers.results.attentionmaps import Extent, Floats, Part, Rows, Steps


@dataclass(frozen=True, slots=True, eq=False)
class ArrayMaps:
    """The weights of each part, whole.

    Attributes:
        arrays: part to float32 `[layer, head, query, key]`; `self` comes first.

    Example:
        >>> ArrayMaps({"self": np.full((1, 1, 2, 2), 0.5, np.float32)}).weights("self", 0, 0, slice(0, 1))
        array([[0.5, 0.5]], dtype=float32)
    """

    arrays: Mapping[Part, Floats]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that there are."""
        return tuple(self.arrays)

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return sum(array.nbytes for array in self.arrays.values())

    def extent(self, part: Part) -> Extent:
        """How much there is of a part."""
        return Extent(*self.arrays[part].shape)

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query, key]`: the weights of some queries."""
        return self.arrays[part][layer, head][rows]

    def q(self, part: Part, layer: int, head: int) -> Floats:
        """None are kept.

        Raises:
            UserError: always.
        """
        raise_only_weights()

    def k(self, part: Part, layer: int, head: int) -> Floats:
        """None are kept.

        Raises:
            UserError: always.
        """
        raise_only_weights()

    def v(self, part: Part, layer: int, head: int) -> Floats:
        """None are kept.

        Raises:
            UserError: always.
        """
        raise_only_weights()

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        """None are kept.

        Raises:
            UserError: always.
        """
        raise_only_weights()

    def cost(self, part: Part, layer: int) -> int:
        """Nothing beyond the answer."""
        return 0


def raise_only_weights() -> NoReturn:
    """Say that there is nothing but weights.

    Raises:
        UserError: always.
    """
    raise UserError(
        "Only the attention weights are kept here: no queries, keys or values.",
        hint="Look at the text with the model again: `nbt.attention(text, model=…)`.",
    )
