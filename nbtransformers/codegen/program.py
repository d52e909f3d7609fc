"""Any request -> the plain program that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbtransformers.codegen.attention import attention_program
from nbtransformers.codegen.classify import classify_program
from nbtransformers.codegen.embed import embed_program
from nbtransformers.codegen.entities import entities_program
from nbtransformers.codegen.explain import explain_program
from nbtransformers.codegen.positions import positions_program
from nbtransformers.codegen.similar import similar_program
from nbtransformers.codegen.tokenize import tokenize_program
from nbtransformers.errors import UserError
from nbtransformers.request import (
    AttentionRequest,
    ClassifyRequest,
    EmbedRequest,
    EntitiesRequest,
    ExplainRequest,
    PositionsRequest,
    Request,
    SimilarRequest,
    TokenizeRequest,
)
from nbtransformers.results.recipe import ProgramRecipe


def written(request: Request, recipe: ProgramRecipe) -> str:
    """The program for a request, with no import of this package, as `ruff format` lays it out.

    Args:
        request: what was asked for.
        recipe: what a program must know besides, of the same task.
    """
    return _PROGRAMS[type(request)](request, recipe)


_PROGRAMS: dict[type[Any], Callable[[Any, Any], str]] = {
    AttentionRequest: attention_program,
    ClassifyRequest: classify_program,
    EmbedRequest: embed_program,
    EntitiesRequest: entities_program,
    ExplainRequest: explain_program,
    PositionsRequest: positions_program,
    SimilarRequest: similar_program,
    TokenizeRequest: tokenize_program,
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
