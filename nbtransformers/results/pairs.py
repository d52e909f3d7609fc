"""Questions with their contexts, one a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from nbtransformers.results.texts import Texts


class Pair(str):
    """A question that knows its context, so that a pair goes wherever the text of a row goes.

    Attributes:
        context: the text that holds the answer; None where there is none.

    Example:
        >>> pair = Pair("Where?", "In London.")
        >>> pair, pair.context
        ('Where?', 'In London.')
    """

    __slots__ = ("context",)

    context: str | None

    def __new__(cls, question: str, context: str | None) -> Pair:
        pair = super().__new__(cls, question)
        pair.context = context
        return pair


class Pairs(Sequence[Pair]):
    """Pairs, packed; they read like a tuple of `Pair`.

    Args:
        questions: the questions, one a row; empty where a row had none.
        contexts: the contexts, one a row; or one alone, which all rows share.
    """

    __slots__ = ("_shared", "contexts", "questions")

    def __init__(self, questions: Texts, contexts: Texts) -> None:
        self.questions, self.contexts = questions, contexts
        self._shared = contexts[0] if self.is_shared else None  # the same object in every pair

    @property
    def is_shared(self) -> bool:
        """Whether all rows have one context."""
        return len(self.contexts) == 1

    @property
    def characters_at_most(self) -> int:
        """A bound on the characters of all questions and contexts together, known without a look at them."""
        return self.questions.characters_at_most + self.contexts.characters_at_most

    def __len__(self) -> int:
        return len(self.questions)

    @overload
    def __getitem__(self, row: int) -> Pair: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[Pair, ...]: ...
    def __getitem__(self, row: int | slice) -> Pair | tuple[Pair, ...]:
        if isinstance(row, slice):
            questions = self.questions[row]
            contexts = [self._shared] * len(questions) if self.is_shared else self.contexts[row]
            return tuple(Pair(question or "", context) for question, context in zip(questions, contexts, strict=True))
        return Pair(self.questions[row] or "", self._shared if self.is_shared else self.contexts[row])

    def __iter__(self) -> Iterator[Pair]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Pairs):
            return self.questions == other.questions and self.contexts == other.contexts
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    __hash__: Any = None
