"""What `%%translate` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import is_text, one_of
from nbtransformers.request.decoding import DecodingOptions
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

PartsOf = Literal["lines", "sentences"]
PARTS_OF: tuple[PartsOf, ...] = get_args(PartsOf)


@dataclass(frozen=True, slots=True)
class TranslateRequest(Written):
    """Translate every text, with a sequence-to-sequence model or by instruction with a chat model.

    Attributes:
        data: the texts.
        model: the model; None is refused, since none is bundled.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        source: the language of the texts: the model's own code, a code of ISO 639 or an English name; None as the
            model has it.
        target: likewise the language to translate into; None as the model has it.
        parts: what is translated at once: a line of a text, in parts only where it is too long, or a sentence. A chat
            model reads a whole text, unless it is too long, or its sentences.
        decoding: how tokens are chosen, and how many.
        run: how it runs; unless it says otherwise, a long text is read whole, in parts.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> TranslateRequest(DataRef("lines", "Good morning!"), ModelRef("hub", "owner/name"), target="German")
    """

    task: ClassVar[str] = "translate"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    source: str | None = None
    target: str | None = None
    parts: PartsOf = "lines"
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    run: RunOptions = field(default_factory=lambda: RunOptions(long="window"))

    def __post_init__(self) -> None:
        one_of("parts", self.parts, PARTS_OF)
        for option, value in (("source", self.source), ("target", self.target)):
            if value is not None and (not is_text(value) or not value.strip()):
                raise UserError(
                    f"`--{option}` is {shown(value)}, which is no language.", hint=f"Type `--{option} German`."
                )
