"""What `%%generate` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request.checks import is_text
from nbtransformers.request.decoding import DecodingOptions
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class GenerateRequest(Written):
    """Write on for every prompt with a causal or a sequence-to-sequence model.

    Attributes:
        data: the prompts.
        model: the model; None is the bundled one.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        chat: hand the prompt over as a user's message in the model's chat template, and not as the beginning of a text.
        system: a message that comes before it and says how to answer; it makes a chat of it.
        messages: whether each prompt is a conversation: a JSON list of messages, each with a `role` and a `content`.
        decoding: how tokens are chosen, and how many.
        run: how it runs.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> GenerateRequest(DataRef("whole", "The capital of France is"), decoding=DecodingOptions(max_new_tokens=20))
    """

    task: ClassVar[str] = "generate"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    chat: bool = False
    system: str | None = None
    messages: bool = False
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        for option in ("chat", "messages"):
            if getattr(self, option) not in (True, False):
                raise UserError(f"`--{option}` is {shown(getattr(self, option))}.", hint="Type True or False.")
        if self.system is not None and not is_text(self.system):
            raise UserError(
                f"The system message is {shown(self.system)}, {kind_of(self.system)}.",
                hint='Type `--system "Answer in one word."`.',
            )

    @property
    def chats(self) -> bool:
        """Whether the prompts go through the model's chat template."""
        return self.chat or self.messages or self.system is not None
