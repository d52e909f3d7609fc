"""The plain program for a result or a request, as a public function."""

from __future__ import annotations

from nbtransformers.doors.door import door
from nbtransformers.errors import UserError, kind_of
from nbtransformers.panels.kinds import Result
from nbtransformers.request import (
    AttentionRequest,
    ClassifyRequest,
    ExplainRequest,
    PositionsRequest,
    Request,
    TokenizeRequest,
)
from nbtransformers.request.written import Written
from nbtransformers.results.attention import Attention
from nbtransformers.results.recipe import ProgramRecipe


@door
def code(result_or_request: Result | Request) -> str:
    """The plain Transformers and PyTorch program that does the same, without this package.

    Run on the same machine it gives the same numbers, to rounding: it reads the texts, loads the model at the same
    version, cuts long texts in the same way, and leaves the table of `to_pandas()` in `table`; of an attention, that of
    its first head. What was a variable of yours has to exist where it runs.

    Args:
        result_or_request: a result, or the request of one; for a request alone the model is loaded, to look at it.

    Returns:
        The program, as `ruff format` lays it out in 100 columns.

    Raises:
        UserError: when it is neither, or there is no program for its task yet, or a request names a model that is not
            in it.

    Example:
        >>> print(nbt.code(nbt.classify(texts, labels=["politics", "sport"])))
    """
    from nbtransformers.codegen.program import unwritten, written

    request = getattr(result_or_request, "request", result_or_request)
    if not isinstance(request, Written):
        raise UserError(
            f"There is no program for {kind_of(result_or_request)}.", hint="Give a result: `nbt.code(result)`."
        )
    without = isinstance(result_or_request, Attention) and result_or_request.recipe is None
    if without or not isinstance(
        request, AttentionRequest | ClassifyRequest | ExplainRequest | PositionsRequest | TokenizeRequest
    ):
        raise unwritten(request.task)
    return written(request, getattr(result_or_request, "recipe", None) or _recipe(request))


def _recipe(
    request: AttentionRequest | ClassifyRequest | ExplainRequest | PositionsRequest | TokenizeRequest,
) -> ProgramRecipe:
    from nbtransformers.codegen.program import unwritten
    from nbtransformers.engine import attention, classify, explain, positions, tokenize

    models = request.models if isinstance(request, TokenizeRequest) else [request.model]
    own = [model.name for model in models if model is not None and model.kind == "variable"]
    if isinstance(request, AttentionRequest | ClassifyRequest | ExplainRequest) and request.tokenizer is not None:
        own.append(request.tokenizer)
    if own:
        raise UserError(
            f"The request names {own[0]}, and does not hold it.", hint="Give the result of its run: `nbt.code(result)`."
        )
    if isinstance(request, PositionsRequest):
        return positions.recipe(request)
    if isinstance(request, ExplainRequest):
        recipe = explain.explain(request, {}).recipe
        assert recipe is not None
        return recipe
    if isinstance(request, AttentionRequest):
        found = attention.attention(request, {}).recipe
        if found is None:
            raise unwritten(request.task)
        return found
    return tokenize.recipe(request, {}) if isinstance(request, TokenizeRequest) else classify.recipe(request, {})
