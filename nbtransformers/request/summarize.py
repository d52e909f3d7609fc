"""What `%%summarize` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from nbtransformers.request.checks import one_of
from nbtransformers.request.decoding import DecodingOptions
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

OfParts = Literal["again", "join"]
OF_PARTS: tuple[OfParts, ...] = get_args(OfParts)


@dataclass(frozen=True, slots=True)
class SummarizeRequest(Written):
    """Summarise every text, with a sequence-to-sequence model or by instruction with a chat model.

    Attributes:
        data: the texts.
        model: the model; None is refused, since none is bundled.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        parts: what becomes of the summaries of the parts of a long text: they are summarised `again`, or left in one
            behind the other (`join`).
        decoding: how tokens are chosen, and how many.
        run: how it runs; unless it says otherwise, a long text is read whole, in parts.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> SummarizeRequest(DataRef("whole", "A long text."), ModelRef("hub", "owner/name"))
    """

    task: ClassVar[str] = "summarize"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    parts: OfParts = "again"
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    run: RunOptions = field(default_factory=lambda: RunOptions(long="window"))

    def __post_init__(self) -> None:
        one_of("parts", self.parts, OF_PARTS)
