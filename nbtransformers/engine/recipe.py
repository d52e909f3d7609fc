"""What a plain program must know of a run, to do the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtransformers.engine.padding import program_padding
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.tokenizers import LoadedTokenizer
from nbtransformers.request import ModelRef
from nbtransformers.results.recipe import (
    AttentionRecipe,
    ExplainRecipe,
    MethodRecipe,
    Place,
    PositionsPart,
    PositionsRecipe,
    ProgramPadding,
    Reading,
    Recipe,
    Scores,
    TokenizeRecipe,
    TokenizerRecipe,
)
from nbtransformers.results.tokens import Tokens


def classify_recipe(reading: Reading, model: ModelRef, loaded: LoadedModel, scores: Scores) -> Recipe:
    """The recipe of a classification.

    Args:
        reading: how the texts are read.
        model: the reference that the model was loaded by.
        loaded: the model, and what was found out about it.
        scores: what the head knows.
    """
    return Recipe(reading, place_of(model, loaded), loaded.dtype, scores, padding_of(loaded))


def padding_of(loaded: LoadedModel) -> ProgramPadding:
    """How a program should pad for a model."""
    return program_padding(loaded) if loaded.notes.get("padding is harmless", True) else "never"


def explain_recipe(
    model: ModelRef,
    loaded: LoadedModel,
    auto_class: str,
    texts: tuple[str, ...],
    limit: int,
    logit: tuple[str, str],
    methods: tuple[MethodRecipe, ...],
    words: tuple[tuple[int, int], ...],
    is_plain: bool,
) -> ExplainRecipe:
    """The recipe of an explanation.

    Args:
        model: the reference that the model was loaded by.
        loaded: the model.
        auto_class: the class that loads it.
        texts: what its tokenizer is given.
        limit: tokens that are read; 0 is no limit.
        logit: what is explained, as code and in words.
        methods: how it is explained.
        words: where the tokens of each word begin and end.
        is_plain: whether the model asks for the embeddings of the text once and as it is.
    """
    return ExplainRecipe(
        texts, place_of(model, loaded), loaded.dtype, auto_class, limit, *logit, methods, words, is_plain
    )


def attention_recipe(model: ModelRef, loaded: LoadedModel, **read: Any) -> AttentionRecipe:
    """The recipe of a look at attention.

    Args:
        model: the reference that the model was loaded by.
        loaded: the model.
        read: the other fields of the recipe.
    """
    return AttentionRecipe(place=place_of(model, loaded), dtype=loaded.dtype, **read)


def tokenize_recipe(
    reading: Reading, models: Sequence[ModelRef], loaded: Sequence[LoadedTokenizer], made: Sequence[Tokens]
) -> TokenizeRecipe:
    """The recipe of a tokenization.

    Args:
        reading: how the texts are read.
        models: the references that the tokenizers were loaded by.
        loaded: the tokenizers.
        made: what each of them made.
    """
    return TokenizeRecipe(
        reading,
        tuple(
            TokenizerRecipe(
                own.name,
                _place(ref, Path(one.tokenizer.name_or_path)),
                own.limit,
                is_fast=own.fast,
                has_pad_token=own.pad_token is not None,
            )
            for ref, one, own in zip(models, loaded, made, strict=True)
        ),
    )


def positions_recipe(model: ModelRef, loaded: LoadedModel, parts: tuple[PositionsPart, ...]) -> PositionsRecipe:
    """The recipe of a model's encodings of positions.

    Args:
        model: the reference that the model was loaded by.
        loaded: the model.
        parts: how a program comes to each of them.
    """
    return PositionsRecipe(parts, place=place_of(model, loaded), dtype=loaded.dtype)


def place_of(model: ModelRef, loaded: LoadedModel) -> Place:
    """Where a loaded model is, for a program.

    Args:
        model: the reference that it was loaded by.
        loaded: the model.
    """
    return replace(_place(model, loaded.folder), pickled=loaded.pickled)


def _place(model: ModelRef, folder: Path | None) -> Place:
    if model.kind == "bundled":
        return Place(model, str(folder))
    # The folder of a Hub model's snapshot is called by its commit.
    if model.kind == "hub" and folder is not None and folder.parent.name == "snapshots":
        return Place(replace(model, revision=folder.name))
    return Place(model)
