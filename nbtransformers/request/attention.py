"""What `%%attention` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request.checks import is_text
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class AttentionRequest(Written):
    """Look at how every token of a text attends to the others, in each layer and head of a model.

    Attributes:
        data: the text, one.
        pair: a second text that the model reads behind it, as one input; None for none.
        target: the text that the decoder of an encoder-decoder reads; None lets the model write it.
        model: the model; None is the bundled encoder.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        row: which row of `data`, where that is a batch which a tokenizer has made; None is the first.
        run: how it runs; unless it says otherwise, a text that is longer than the model reads is refused.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> AttentionRequest(DataRef("whole", "The cat sat because it was tired."))
    """

    task: ClassVar[str] = "attention"

    data: DataRef
    pair: str | None = None
    target: str | None = None
    model: ModelRef | None = None
    tokenizer: str | None = None
    row: int | None = None
    run: RunOptions = field(default_factory=lambda: RunOptions(long="error"))

    def __post_init__(self) -> None:
        for option in ("pair", "target"):
            value = getattr(self, option)
            if value is not None and not is_text(value):
                raise UserError(
                    f"`--{option}` is {shown(value)}, {kind_of(value)}.", hint=f'Type `--{option} "a text"`.'
                )
            if value is not None and not value.strip():
                raise UserError(f"`--{option}` is empty.", hint="Give it a text, or leave it out.")
        if self.row is not None and (not isinstance(self.row, int) or self.row < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"`--row` is {shown(self.row)}, not the number of a row.", hint="Type `--row 0`.")
        if self.run.long == "window":
            raise UserError(
                "`--long window` reads a text in pieces, and attention is between the tokens of one reading.",
                hint="Type `--long truncate` to look at its beginning.",
            )
