"""Any request -> the plain program that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbtransformers.codegen.answer import answer_program
from nbtransformers.codegen.answerwriting import written_answer_program
from nbtransformers.codegen.attention import attention_program
from nbtransformers.codegen.classify import classify_program
from nbtransformers.codegen.embed import embed_program
from nbtransformers.codegen.entities import entities_program
from nbtransformers.codegen.explain import explain_program
from nbtransformers.codegen.fill import fill_program
from nbtransformers.codegen.generate import generate_program
from nbtransformers.codegen.positions import positions_program
from nbtransformers.codegen.rewrite import rewrite_program
from nbtransformers.codegen.similar import similar_program
from nbtransformers.codegen.tokenize import tokenize_program
from nbtransformers.errors import UserError
from nbtransformers.request import (
    AnswerRequest,
    AttentionRequest,
    ClassifyRequest,
    EmbedRequest,
    EntitiesRequest,
    ExplainRequest,
    FillRequest,
    GenerateRequest,
    PositionsRequest,
    Request,
    SimilarRequest,
    SummarizeRequest,
    TokenizeRequest,
    TranslateRequest,
)
from nbtransformers.results.recipe import AnswerRecipe
from nbtransformers.results.recipes import ProgramRecipe
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe


def written(request: Request, recipe: ProgramRecipe) -> str:
    """The program for a request, with no import of this package, as `ruff format` lays it out.

    Args:
        request: what was asked for.
        recipe: what a program must know besides, of the same task.
    """
    return _PROGRAMS[type(request)](request, recipe)


def _answer_program(request: AnswerRequest, recipe: AnswerRecipe | WrittenAnswerRecipe) -> str:
    if isinstance(recipe, AnswerRecipe):
        return answer_program(request, recipe)
    return written_answer_program(request, recipe)


_PROGRAMS: dict[type[Any], Callable[[Any, Any], str]] = {
    AnswerRequest: _answer_program,
    AttentionRequest: attention_program,
    ClassifyRequest: classify_program,
    EmbedRequest: embed_program,
    EntitiesRequest: entities_program,
    ExplainRequest: explain_program,
    FillRequest: fill_program,
    GenerateRequest: generate_program,
    PositionsRequest: positions_program,
    SimilarRequest: similar_program,
    SummarizeRequest: rewrite_program,
    TokenizeRequest: tokenize_program,
    TranslateRequest: rewrite_program,
}


def unwritten(task: str) -> UserError:
    """That there is no program for a task, or for what it was given here."""
    if task == "attention":
        return UserError(
            "There is no program for a difference of attention, nor for what was given as a batch or came from a file.",
            hint="Ask for that of a text: `nbt.code(nbt.attention(text))`.",
        )
    return UserError(
        f"There is no plain program for %%{task} yet.",
        hint="There is one for %%classify, %%tokenize, %%attention, %%explain and %positions.",
    )
