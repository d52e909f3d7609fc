"""Two inputs to rows of pairs, a question and its context in each, read side by side in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import HeldRows, Rows, RowWindow, read
from nbtransformers.plain_text import count
from nbtransformers.request import AnswerRequest, Objects
from nbtransformers.results.pairs import Pair


@dataclass(frozen=True, slots=True)
class PairRows:
    """The rows of two inputs, side by side; an input of one row is paired with every row of the other.

    Attributes:
        questions: the questions.
        contexts: the contexts.
        only_question: the question, when there is one and several contexts.
        only_context: the context, when there is one and several questions.
    """

    questions: Rows
    contexts: Rows
    only_question: str | None = None
    only_context: str | None = None

    @classmethod
    def of(cls, questions: Rows, contexts: Rows) -> PairRows:
        """Pair two inputs.

        Raises:
            UserError: when they are of different lengths, as far as that is known before they are read; or when the
                one question, or the one context, holds no text.
        """
        question, context = _only_row(questions, "question"), _only_row(contexts, "context")
        if question is not None and context is not None:
            return cls(questions, contexts)
        known = questions.total is not None and contexts.total is not None
        if question is None and context is None and known and questions.total != contexts.total:
            raise _unequal(questions, contexts)
        return cls(questions, contexts, question, context)

    @property
    def total(self) -> int | None:
        """How many pairs there are; None when that is not known before the end."""
        known = [rows.total for rows in self._read if rows.total is not None]
        return known[0] if known else None

    @property
    def held(self) -> int:
        """How many of them, from the first on, are in memory."""
        return min(rows.total if isinstance(rows, HeldRows) else 0 for rows in self._read)

    @property
    def index(self) -> Any:
        """The labels of the rows: those of the questions, else those of the contexts; None numbers them."""
        return next((rows.index for rows in self._read if rows.index is not None), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed on the way; said once, where both are columns of one file."""
        return tuple(dict.fromkeys([*self.questions.notes, *self.contexts.notes]))

    @property
    def _read(self) -> list[Rows]:
        """The inputs that are read row by row."""
        if self.only_question is not None:
            return [self.contexts]
        return [self.questions] if self.only_context is not None else [self.questions, self.contexts]

    def windows(self, size: int, start: int = 0) -> Iterator[RowWindow]:
        """The pairs in order, `size` at a time, from row `start` on; their texts are `Pair`s.

        Raises:
            UserError: when one of the inputs ends before the other.
        """
        if self.only_question is not None:
            for contexts in self.contexts.windows(size, start):
                yield _paired(_repeated(self.only_question, contexts), contexts)
        elif self.only_context is not None:
            for questions in self.questions.windows(size, start):
                yield _paired(questions, _repeated(self.only_context, questions))
        else:
            both = zip_longest(self.questions.windows(size, start), self.contexts.windows(size, start))
            for questions, contexts in both:
                if questions is None or contexts is None or len(questions.texts) != len(contexts.texts):
                    raise _ended(questions, contexts)
                yield _paired(questions, contexts)


def read_pairs(request: AnswerRequest, objects: Objects) -> PairRows:
    """The pairs that a request names.

    Raises:
        UserError: when there is nothing to read, or the questions and the contexts are of different lengths.
    """
    return PairRows.of(read(request.questions, objects), read(request.contexts, objects))


def _only_row(rows: Rows, what: str) -> str | None:
    """The text of an input that has just one row; it is looked at where its length is not known."""
    if rows.total not in (None, 1):
        return None
    first = next(iter(rows.windows(2)), None)
    if first is None or len(first.texts) != 1:
        return None
    text = first.texts[0]
    if first.reasons or text is None:
        why = first.reasons.get(0, "missing")
        raise UserError(f"The {what} holds no text: it is {why}.", hint=f"Give a {what} that holds some.")
    return text


def _repeated(text: str, beside: RowWindow) -> RowWindow:
    return RowWindow(beside.start, [text] * len(beside.texts), {})


def _paired(questions: RowWindow, contexts: RowWindow) -> RowWindow:
    pairs = zip(questions.texts, contexts.texts, strict=True)
    reasons = {row: f"no context: {why}" for row, why in contexts.reasons.items()}
    reasons |= {row: f"no question: {why}" for row, why in questions.reasons.items()}
    return RowWindow(questions.start, [Pair(question or "", context) for question, context in pairs], reasons)


_HINT = "Give one question, one context, or as many of the one as of the other."


def _unequal(questions: Rows, contexts: Rows) -> UserError:
    asked, given = count(questions.total or 0, "question"), count(contexts.total or 0, "context")
    return UserError(f"There are {asked} and {given}.", hint=_HINT)


def _ended(questions: RowWindow | None, contexts: RowWindow | None) -> UserError:
    start = next(window.start for window in (questions, contexts) if window is not None)
    asked, given = (start + (len(window.texts) if window else 0) for window in (questions, contexts))
    less, more = ("question", "contexts") if asked < given else ("context", "questions")
    return UserError(f"There are {count(min(asked, given), less)}, and more {more}.", hint=_HINT)
