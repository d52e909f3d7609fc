"""EmbedRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.embedding import vectors_parts
from nbtransformers.codegen.layout import Part, program
from nbtransformers.codegen.literals import brief
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.request import EmbedRequest
from nbtransformers.results.recipe import EmbedRecipe

_TITLE = "Embed texts, with Transformers and PyTorch alone."


def embed_program(request: EmbedRequest, recipe: EmbedRecipe) -> str:
    """The program for a request, given how its model embeds a text; it leaves the vectors in `table`."""
    texts = source(recipe.reading)
    if recipe.reading.none_readable:
        said = "# 2. No row holds a text: there is nothing to embed, and no model is needed."
        return program(_TITLE, [texts.part, Part([said]), _table(recipe, texts)])
    parts = [
        texts.part,
        model_part(recipe, "AutoModel", request),
        *vectors_parts(recipe, request, with_prompt=False),
        _table(recipe, texts),
    ]
    return program(_TITLE, parts)


def vectors_lines(recipe: EmbedRecipe, texts: Source, name: str, *, with_prompt: bool = False) -> list[str]:
    """The lines that leave the vectors of all rows in a variable, NaN where a row has none."""
    before, prompt = brief("prompt", recipe.embedding.prompt)
    given = f"vectors_of({texts.readable}{f', {prompt}' if with_prompt or recipe.embedding.prompt else ''})"
    before = before if with_prompt or recipe.embedding.prompt else []
    if texts.every_row:
        return [*before, f"{name} = {given}"]
    empty = f"{name} = np.full((len(texts), {recipe.embedding.dimension}), np.nan, dtype=np.float32)"
    return [*before, empty, *([] if recipe.reading.none_readable else [f"{name}[rows] = {given}"])]


def _table(recipe: EmbedRecipe, texts: Source) -> Part:
    column, vectors = "texts", "list(vectors)"
    if not texts.every_row:
        index = f", index={texts.index}" if texts.index is not None else ""
        column = f"pd.Series(texts{index}, dtype=object)"
        vectors = "[vector if np.isfinite(vector[0]) else None for vector in vectors]"
    lines = ["# 4. The vectors, one a row.", *vectors_lines(recipe, texts, "vectors")]
    return Part(
        [
            *lines,
            "table = pd.DataFrame(",
            "    {",
            f'        "text": {column},',
            f'        "vector": {vectors},',
            "    }",
            ")",
            "print(table)",
        ],
        ("import pandas as pd", *(() if texts.every_row else ("import numpy as np",))),
    )
