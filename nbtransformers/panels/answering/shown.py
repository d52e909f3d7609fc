"""What the table of a panel of answers names its rows by: the question, or the context where all ask the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtransformers.results.answers import Answers
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts

EXCERPT = 20_000  # characters of a context that are shown at once: a book would bring any page down


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows of a result as a table has them.

    Attributes:
        result: the result.
        texts: the text of each row, by which it is searched and sorted.
        question: the one question of all rows; None where each has its own.
    """

    result: Answers
    texts: Texts
    question: str | None

    @classmethod
    def of(cls, result: Answers) -> Shown:
        """The rows of a result."""
        questions, contexts = result.texts.questions, result.texts.contexts
        if len(result) > 1 and not result.texts.is_shared and all(text == questions[0] for text in questions):
            return cls(result, contexts, questions[0])
        return cls(result, questions, None)

    @property
    def index(self) -> Any:
        """The labels of the rows."""
        return self.result.index

    @property
    def reasons(self) -> Reasons:
        """Why rows have no answer."""
        return self.result.reasons

    def __len__(self) -> int:
        return len(self.result)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a context.

    Attributes:
        text: it.
        start: where it begins in the context, in code points.
        length: code points of the whole context.
    """

    text: str
    start: int
    length: int


def excerpt(result: Answers, row: int, most: int = EXCERPT) -> Excerpt:
    """The context of a row, whole if it is no longer than that; else what stands around its best answer."""
    context = result.texts[row].context or ""
    if len(context) <= most:
        return Excerpt(context, 0, len(context))
    best = next((answer for answer in result.of(row) if answer.start >= 0), None)
    middle = (best.start + best.end) // 2 if best else 0
    start = max(0, min(middle - most // 2, len(context) - most))
    return Excerpt(context[start : start + most], start, len(context))
