"""What `%%answer` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class AnswerRequest(Written):
    """Answer questions from texts: each question from its own context, one from many, or many from one.

    Attributes:
        questions: the questions.
        contexts: the texts that hold the answers.
        model: a model for question answering; to `generate`, a chat or sequence-to-sequence model. None is refused,
            since none is bundled.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        top_k: how many answers a row has.
        max_answer_length: tokens of an answer at most.
        no_answer: let a row have no answer, where the model says that its context holds none.
        generate: have the model write the answer, and look where it stands in the context.
        run: how it runs; unless it says otherwise, a long context is read in windows.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> where = DataRef("whole", "Ada Lovelace lived in London.")
        >>> AnswerRequest(DataRef("lines", "Where did she live?"), where, ModelRef("hub", "owner/name"))
    """

    task: ClassVar[str] = "answer"

    questions: DataRef
    contexts: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    top_k: int = 1
    max_answer_length: int = 30
    no_answer: bool = False
    generate: bool = False
    run: RunOptions = field(default_factory=lambda: RunOptions(long="window"))

    def __post_init__(self) -> None:
        whole("top-k", self.top_k)
        whole("max-answer-length", self.max_answer_length)
        for option, value in (("no-answer", self.no_answer), ("generate", self.generate)):
            if value not in (True, False):
                raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type `--{option}` alone, or leave it out.")
        if self.generate and self.top_k != 1:
            raise UserError("A model writes one answer, and `--top-k` asks for more.", hint="Leave `--top-k` out.")

    @property
    def data(self) -> DataRef:
        """What the rows are named after: the questions."""
        return self.questions
