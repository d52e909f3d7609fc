"""Datasets of the Hub in a program: how one is loaded, and the program of a look into one."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import assigned, brief
from nbtransformers.request import DataRef
from nbtransformers.request.previews import PreviewRequest
from nbtransformers.results.previewrecipe import PreviewRecipe

LOADING = "from datasets import load_dataset"


def loaded(data: DataRef, *, streamed: bool) -> list[str]:
    """The lines that make `dataset`, at its subset, split and revision.

    Args:
        data: which one.
        streamed: whether it is read as it comes, and not fetched first.
    """
    before, arguments = assigned("name", data.value), ["name"]
    for option, value in (("subset", data.subset), ("split", data.split), ("revision", data.revision)):
        if value:
            more, written = brief(option, value)
            before += more
            arguments.append(written if option == "subset" else f"{option}={written}")
    if streamed:
        arguments.append("streaming=True")
    return [*before, *call("dataset = load_dataset(", arguments)]


def preview_program(request: PreviewRequest, recipe: PreviewRecipe) -> str:
    """The program that shows the columns and the first rows of a dataset.

    Args:
        request: what was asked for.
        recipe: what is known of the dataset.
    """
    why = ["# Streamed: nothing but these rows is fetched."] if recipe.streamed else []
    encoded = ["dataset = dataset.decode(False)  # pictures and sounds stay as they are kept"]
    first = "dataset.take(" if recipe.streamed else "dataset.to_iterable_dataset().take("
    lines = [
        *why,
        *loaded(recipe.data, streamed=recipe.streamed),
        "print(dataset.features)",
        *(encoded if recipe.encoded else []),
        f"table = pd.DataFrame({first}{request.rows}))",
        "print(table)",
    ]
    return program("Look into a dataset of the Hub.", [Part(lines, (LOADING, "import pandas as pd"))])
