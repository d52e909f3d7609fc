"""How the questions and the contexts of a run are read, for a program that is to read them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.inputs.pairs import PairRows
from nbtransformers.request import AnswerRequest, Objects
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import AnswerRecipe, Reading
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe


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
    only: Literal["", "question", "context"]

    @classmethod
    def of(
        cls,
        request: AnswerRequest,
        objects: Objects,
        pairs: PairRows,
        reasons: Reasons | None,
        before: AnswerRecipe | WrittenAnswerRecipe | None,
    ) -> Sides:
        """Those of a run.

        Args:
            request: what was asked for.
            objects: what the request's references name.
            pairs: what they were read as.
            reasons: why some of the pairs have no answer.
            before: the recipe of the result that is resumed: what it read may be used up.
        """
        only = "question" if pairs.only_question is not None else "context" if pairs.only_context is not None else ""
        readings = [
            reading_of(request.questions, objects, pairs.questions),
            reading_of(request.contexts, objects, pairs.contexts),
        ]
        if before is not None:
            readings = [before.reading, before.contexts]
        if reasons is not None:
            names = ("question", "context")
            readings = [
                one if only == name else with_reasons(one, _of_side(reasons, f"no {name}: "))
                for one, name in zip(readings, names, strict=True)
            ]
        return cls(readings[0], readings[1], only)


def _of_side(reasons: Reasons, begins: str) -> Reasons:
    """The reasons that are of one side."""
    own: dict[int, Any] = {row: why.removeprefix(begins) for row, why in reasons.items() if why.startswith(begins)}
    return Reasons(len(reasons.done), own)
