"""What `%positions` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError
from nbtransformers.request.checks import whole
from nbtransformers.request.refs import ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

MOST_POSITIONS = 2**20


@dataclass(frozen=True, slots=True)
class PositionsRequest(Written):
    """Look at how positions are encoded: by the sinusoidal formula, or by a model.

    Attributes:
        model: the model whose encodings are looked at; None is the formula.
        length: how many positions; None is as many as a model's table has, else a few hundred.
        dim: how many dimensions the formula fills, in pairs; None is 64.
        run: on which device and in which type the model is loaded.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> PositionsRequest(length=128, dim=64)
    """

    task: ClassVar[str] = "positions"

    model: ModelRef | None = None
    length: int | None = None
    dim: int | None = None
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        whole("length", self.length)
        whole("dim", self.dim)
        if self.length is not None and self.length > MOST_POSITIONS:
            raise UserError(
                f"`--length` is {self.length:,}, more than any model reads.",
                hint=f"Type `--length {MOST_POSITIONS}` or less.",
            )
        if self.dim is None:
            return
        if self.model is not None:
            raise UserError(
                "`--dim` is for the formula, and a model has dimensions of its own.", hint="Leave `--dim` out."
            )
        if self.dim % 2:
            raise UserError(
                f"`--dim` is {self.dim}, and the formula fills dimensions in pairs.",
                hint=f"Type an even number: `--dim {self.dim + 1}`.",
            )
