"""SimilarRequest -> program."""

from __future__ import annotations

from dataclasses import replace

from nbtransformers.codegen.embed import vectors_lines
from nbtransformers.codegen.embedding import vectors_parts
from nbtransformers.codegen.layout import Part, program
from nbtransformers.codegen.literals import assigned, brief
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.request import Measure, SimilarRequest
from nbtransformers.results.recipe import SimilarRecipe

_TITLE = "Compare texts, with Transformers and PyTorch alone."


def similar_program(request: SimilarRequest, recipe: SimilarRecipe) -> str:
    """The program for a request, given how its model embeds a text.

    It leaves the matrix in `matrix`, the most similar pairs in `pairs`, with a query the nearest texts in `nearest`,
    and what a result has of each text in `table`.
    """
    embed = recipe.embed
    texts = source(embed.reading)
    with_prompt = request.query is not None and embed.embedding.query_prompt != embed.embedding.prompt
    second = None if recipe.other is None else source(recipe.other)
    parts = [
        texts.part,
        model_part(embed, "AutoModel", request),
        *vectors_parts(embed, request, with_prompt=with_prompt),
        Part(
            ["# 4. The vectors, one a row.", *vectors_lines(embed, texts, "vectors", with_prompt=with_prompt)],
            () if texts.every_row else ("import numpy as np",),
        ),
        *([] if second is None else _second(recipe, second, with_prompt=with_prompt)),
        *([] if second is not None or request.query is not None else [_labels(texts)]),
        _alike(recipe.measure),
        Part([f"matrix = alike(vectors, {'vectors' if second is None else 'other_vectors'})"]),
        *(
            [_to_query(request, recipe, texts, with_prompt=with_prompt)]
            if request.query is not None
            else _to_others(request, texts, two_lists=second is not None)
        ),
    ]
    return program(_TITLE, parts)


def _labels(texts: Source) -> Part:
    return Part([f"labels = {_labels_of_rows(texts)}"])


def _second(recipe: SimilarRecipe, second: Source, *, with_prompt: bool) -> list[Part]:
    """The second list, read as the first one is: its texts in `others`, its vectors in `other_vectors`."""
    assert recipe.other is not None
    lines = [line.replace("# 1. The texts", "# 5. The others", 1) for line in second.part.lines]
    embed = replace(recipe.embed, reading=recipe.other)
    made = vectors_lines(embed, second, "other_vectors", with_prompt=with_prompt)
    return [
        Part(
            [
                "# The first list, out of the way of the second.",
                f"first, labels = texts, {_labels_of_rows(source(recipe.embed.reading))}",
            ]
        ),
        Part(lines, second.part.imports),
        Part(
            [*made, f"others, other_labels = texts, {_labels_of_rows(second)}", "texts = first"],
            () if second.every_row else ("import numpy as np",),
        ),
    ]


def _labels_of_rows(texts: Source) -> str:
    return f"list({texts.index})" if texts.index is not None else "list(range(len(texts)))"


_ALIKE: dict[Measure, tuple[str, list[str], str]] = {
    "cosine": (
        "their cosine",
        [
            "unit_a, unit_b = (v / np.maximum(np.linalg.norm(v, axis=1)[:, None], 1e-12) for v in (a, b))",
            "return np.clip(unit_a @ unit_b.T, -1, 1)",
        ],
        "",
    ),
    "dot": ("their dot product", ["return a @ b.T"], ""),
    "euclidean": ("minus their distance", ["return -cdist(a, b)"], "from scipy.spatial.distance import cdist"),
    "manhattan": (
        "minus their Manhattan distance",
        ['return -cdist(a, b, "cityblock")'],
        "from scipy.spatial.distance import cdist",
    ),
}


def _alike(measure: Measure) -> Part:
    said, lines, needed = _ALIKE[measure]
    head = ["def alike(a, b):", f'    """How alike each row of `a` is to each of `b`: {said}."""']
    imports = ("import numpy as np", *([needed] if needed else []))
    return Part([*head, *(f"    {line}" for line in lines)], imports, is_function=True)


def _to_others(request: SimilarRequest, texts: Source, *, two_lists: bool) -> list[Part]:
    """The nearest of each text, and the most similar pairs."""
    others, labels = ("others", "other_labels") if two_lists else ("texts", "labels")
    not_itself = [] if two_lists else ["np.fill_diagonal(scores, -np.inf)  # no text is its own nearest"]
    once = [] if two_lists else ["scores[np.tril_indices(len(scores))] = -np.inf"]
    nearest = Part(
        [
            "# The most similar of each text; a row without a vector has none.",
            "scores = np.where(np.isnan(matrix), -np.inf, matrix)",
            *not_itself,
            "best = [i if np.isfinite(row[i]) else None for i, row in zip(scores.argmax(axis=1), scores)]",
            "table = pd.DataFrame(",
            "    {",
            '        "text": pd.Series(texts, dtype=object),',
            f'        "nearest": [None if i is None else {labels}[i] for i in best],',
            '        "score": [np.nan if i is None else row[i] for i, row in zip(best, scores)],',
            f'        "nearest_text": [None if i is None else {others}[i] for i in best],',
            "    }",
            ").set_axis(labels)",
            "print(table)",
        ],
        ("import numpy as np", "import pandas as pd"),
    )
    pairs = Part(
        [
            f"# The {request.top_k} most similar pairs{'' if two_lists else ', each once'}."
            if request.top_k > 1
            else "# The most similar pair.",
            *once,
            f'order = np.argsort(-scores, axis=None, kind="stable")[:{request.top_k}]',
            "order = order[np.isfinite(scores.ravel()[order])]",
            "row, other = np.unravel_index(order, scores.shape)",
            "pairs = pd.DataFrame(",
            "    {",
            '        "row": [labels[i] for i in row],',
            f'        "other": [{labels}[i] for i in other],',
            '        "score": matrix[row, other],',
            '        "text": [texts[i] for i in row],',
            f'        "other_text": [{others}[i] for i in other],',
            "    }",
            ")",
            "print(pairs)",
        ],
    )
    return [nearest, pairs]


def _to_query(request: SimilarRequest, recipe: SimilarRecipe, texts: Source, *, with_prompt: bool) -> Part:
    """The texts that are nearest to the query."""
    before, prompt = brief("query_prompt", recipe.embed.embedding.query_prompt)
    told = f", {prompt}" if with_prompt or recipe.embed.embedding.prompt else ""
    before = before if told else []
    assert request.query is not None
    labelled = texts.index is not None or recipe.other is not None
    labels = "labels" if recipe.other is not None else _labels_of_rows(texts)
    many = request.top_k > 1
    return Part(
        [
            f"# The {f'{request.top_k} texts that are' if many else 'text that is'} nearest to the query.",
            *assigned("query", request.query),
            *before,
            "table = pd.DataFrame(",
            "    {",
            '        "text": pd.Series(texts, dtype=object),',
            f'        "score": alike(vectors, vectors_of([query]{told}))[:, 0],',
            "    }",
            f").set_axis({labels})" if labelled else ")",
            f'nearest = table.dropna().sort_values("score", ascending=False, kind="stable").head({request.top_k})',
            "print(nearest)",
        ],
        ("import pandas as pd",),
    )
