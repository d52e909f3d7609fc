"""A layer whose attention was not found out: it keeps its number, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from nbtransformers.errors import UserError
from nbtransformers.results.attentionmaps import Floats, Steps

if TYPE_CHECKING:
    import torch


@dataclass(eq=False)
class Untold:
    """A layer of whose module no softmax was found to give what the module gave.

    Were it left out, the layers behind it would go by wrong numbers.

    Attributes:
        name: what the user calls the model.
        kind: the class of the module.
        number: of the layer; known, as what follows, once all layers are.
        heads, queries, keys: how many another layer of its class has.
    """

    name: str
    kind: type
    number: int = 0
    heads: int = 0
    queries: int = 0
    keys: int = 0
    cost: int = 0
    nbytes: int = 0

    def weights(self, head: int, rows: torch.Tensor) -> Floats:
        """Refuse."""
        self.refuse()

    def query_rows(self, head: int) -> torch.Tensor:
        """Refuse."""
        self.refuse()

    def key_rows(self, head: int) -> torch.Tensor:
        """Refuse."""
        self.refuse()

    def value_rows(self, head: int) -> torch.Tensor:
        """Refuse."""
        self.refuse()

    def steps(self, head: int, query: int) -> Steps:
        """Refuse."""
        self.refuse()

    def refuse(self) -> NoReturn:
        """Say that nothing is known of it.

        Raises:
            UserError: always.
        """
        raise UserError(
            f"The attention of layer {self.number} of {self.name} could not be followed: no softmax in its "
            f"{self.kind.__name__} gives what that gave.",
            hint="Look at another layer.",
        )
