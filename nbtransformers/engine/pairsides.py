"""How the questions and the contexts of a run are read, for a program that is to read them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.inputs.pairs import PairRows, read_pairs
from nbtransformers.request import AnswerRequest, Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import OnlyText, PairsRecipe, Reading


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of the pairs.

    Attributes:
        questions: how the questions are read.
        contexts: how the contexts are read.
        only: which of the two is one text for all rows; empty where neither is.
    """

    questions: Reading
    contexts: Reading
    only: OnlyText

    @classmethod
    def of(
        cls,
        request: AnswerRequest,
        objects: Objects,
        rows: Any,
        reasons: Reasons | None,
        before: PairsRecipe | None,
    ) -> Sides:
        """Those of a run.

        Args:
            request: what was asked for.
            objects: what the request's references name.
            rows: what they were read as; None, or the rest of the rows, looks where they come from.
            reasons: why some of the pairs have no answer.
            before: the recipe of the result that is resumed: what it read may be used up.
        """
        if before is not None:
            sides = cls(before.reading, before.contexts, before.only)
        else:
            pairs = rows if isinstance(rows, PairRows) else read_pairs(request, objects)
            sides = cls(
                reading_of(request.questions, objects, pairs.questions),
                reading_of(request.contexts, objects, pairs.contexts),
                "question" if pairs.only_question is not None else "context" if pairs.only_context is not None else "",
            )
        return sides if reasons is None else sides._with(reasons)

    def _with(self, reasons: Reasons) -> Sides:
        """The same, with what the reasons tell of the sides that are read row by row."""
        questions, contexts = self.questions, self.contexts
        if self.only != "question":
            questions = with_reasons(questions, _of_side(reasons, "no question: "))
        if self.only != "context":
            contexts = with_reasons(contexts, _of_side(reasons, "no context: "))
        return Sides(questions, contexts, self.only)


def _of_side(reasons: Reasons, begins: str) -> Reasons:
    """The reasons that are of one side."""
    own: dict[int, Any] = {row: why.removeprefix(begins) for row, why in reasons.items() if why.startswith(begins)}
    return Reasons(len(reasons.done), own)
