"""Any request -> the plain program that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbtransformers.codegen.answer import answer_program
from nbtransformers.codegen.answerwriting import written_answer_program
from nbtransformers.codegen.attention import attention_program
from nbtransformers.codegen.attentiondifference import attention_difference_program
from nbtransformers.codegen.classify import classify_program
from nbtransformers.codegen.embed import embed_program
from nbtransformers.codegen.entities import entities_program
from nbtransformers.codegen.explain import explain_program
from nbtransformers.codegen.fill import fill_program
from nbtransformers.codegen.finetune import finetune_program
from nbtransformers.codegen.generate import generate_program
from nbtransformers.codegen.hubdatasets import preview_program
from nbtransformers.codegen.literals import assigned
from nbtransformers.codegen.modelprograms import download_program, use_program
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
    FinetuneRequest,
    GenerateRequest,
    PositionsRequest,
    Request,
    RunOptions,
    SimilarRequest,
    SummarizeRequest,
    TokenizeRequest,
    TranslateRequest,
)
from nbtransformers.request.models import DownloadRequest, UseRequest
from nbtransformers.request.previews import PreviewRequest
from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe, AttentionRecipe
from nbtransformers.results.recipe import AnswerRecipe
from nbtransformers.results.recipes import ProgramRecipe
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe


def written(request: Request, recipe: ProgramRecipe) -> str:
    """The program for a request, with no import of this package, as `ruff format` lays it out.

    Args:
        request: what was asked for.
        recipe: what a program must know besides, of the same task.
    """
    made = _PROGRAMS[type(request)](request, recipe)
    run = getattr(request, "run", None)
    return made if run is None or run.to is None else made + _to_file(run)


def _to_file(run: RunOptions) -> str:
    """The end of a program whose table goes into a file."""
    mode, why = ("wb", "") if run.overwrite else ("xb", "  # x: no file that is there is written over")
    lines = ["# The table, into a file.", *assigned("path", run.to or "")]
    return "\n".join(["", *lines, f'with open(path, "{mode}") as file:{why}', "    table.to_parquet(file)", ""])


def _answer_program(request: AnswerRequest, recipe: AnswerRecipe | WrittenAnswerRecipe) -> str:
    if isinstance(recipe, AnswerRecipe):
        return answer_program(request, recipe)
    return written_answer_program(request, recipe)


def _attention_program(request: AttentionRequest, recipe: AttentionRecipe | AttentionDifferenceRecipe) -> str:
    if isinstance(recipe, AttentionRecipe):
        return attention_program(request, recipe)
    return attention_difference_program(recipe)


_PROGRAMS: dict[type[Any], Callable[[Any, Any], str]] = {
    AnswerRequest: _answer_program,
    AttentionRequest: _attention_program,
    ClassifyRequest: classify_program,
    DownloadRequest: download_program,
    EmbedRequest: embed_program,
    EntitiesRequest: entities_program,
    ExplainRequest: explain_program,
    FillRequest: fill_program,
    FinetuneRequest: finetune_program,
    GenerateRequest: generate_program,
    PositionsRequest: positions_program,
    PreviewRequest: preview_program,
    SimilarRequest: similar_program,
    SummarizeRequest: rewrite_program,
    TokenizeRequest: tokenize_program,
    TranslateRequest: rewrite_program,
    UseRequest: use_program,
}


def unwritten(task: str) -> UserError:
    """That there is no program for a task, or for what it was given here."""
    if task == "attention":
        return UserError(
            "There is no program for this attention: it is a difference of differences or with a model of yours, or "
            "came of inputs with a mask for each query, or from a file of an earlier version.",
            hint="Ask for that of a text: `nbt.code(nbt.attention(text))`.",
        )
    if task == "finetune":
        return UserError(
            "There is a program of %finetune for a run, which has its rows, and not for a request alone.",
            hint="Give the run: `nbt.code(nbt.attach(NAME))`.",
        )
    return UserError(
        f"There is no program for this result of %%{task}: it was changed or gone on with, or is not finished.",
        hint="Give the result of a run: `nbt.code(result)`.",
    )
