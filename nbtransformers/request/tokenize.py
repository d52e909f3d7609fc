"""What `%%tokenize` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class TokenizeRequest(Written):
    """Cut every text into tokens, with one tokenizer or with several side by side.

    Attributes:
        data: the texts.
        models: whose tokenizers; an entry of kind `variable` may name a tokenizer itself. Empty is the bundled one.
        special_tokens: whether to add the tokens that the model expects around a text.
        max_length: tokens that a text may have, special tokens included; None is the tokenizer's limit.
        batch_size: texts in the batch whose padding is shown; None takes the first 32.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> TokenizeRequest(data=DataRef("lines", "Good film."))
    """

    task: ClassVar[str] = "tokenize"

    data: DataRef
    models: tuple[ModelRef, ...] = ()
    special_tokens: bool = True
    max_length: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        whole("max-length", self.max_length)
        whole("batch-size", self.batch_size)
        if self.special_tokens not in (True, False):  # such as "no", which is true
            raise UserError(f"`--special-tokens` is {shown(self.special_tokens)}.", hint="Type True or False.")
        if len(set(self.models)) < len(self.models):
            twice = next(model for model in self.models if self.models.count(model) > 1)
            raise UserError(f"The tokenizer {twice} is there twice.", hint="Remove one of them.")
