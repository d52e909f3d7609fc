"""What a plain program must know of a run, to do the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nbtransformers.engine.padding import program_padding
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.tokenizers import LoadedTokenizer
from nbtransformers.request import ModelRef
from nbtransformers.results.recipe import Place, ProgramPadding, Reading, TokenizeRecipe, TokenizerRecipe
from nbtransformers.results.tokens import Tokens


def padding_of(loaded: LoadedModel) -> ProgramPadding:
    """How a program should pad for a model."""
    return program_padding(loaded) if loaded.notes.get("padding is harmless", True) else "never"


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
