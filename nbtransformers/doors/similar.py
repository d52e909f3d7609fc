"""`nbtransformers.similar`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from nbtransformers.doors.common import run_and_keep, task_request, texts_of
from nbtransformers.doors.door import door
from nbtransformers.doors.options import INPUT_OPTIONS, Options
from nbtransformers.inputs.dataset_objects import is_dataset
from nbtransformers.inputs.refs import data_ref, is_hub_name
from nbtransformers.inputs.tables import is_table
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, Measure, Objects, Pooling, SimilarRequest
from nbtransformers.results.similarity import Similarity


@door
def similar(
    data: Any,
    other: Any = None,
    *,
    query: str | None = None,
    top_k: int | None = None,
    measure: Measure | None = None,
    model: Any = None,
    pooling: Pooling | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    dimensions: int | None = None,
    **options: Unpack[Options],
) -> Similarity:
    """Compare texts by their meaning: with each other, with a second list, or with a query.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: {DATA}
        other: the texts to compare them with, given as `data` may be; None compares them with each other.
        query: a text to find the nearest of.
        top_k: how many of the nearest, or of the most similar pairs, are shown; else 10.
        measure: `cosine`, `dot`, `euclidean` or `manhattan` (of a distance, minus it); None as the model declares.
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled encoder.
        pooling: how a text's vector is made from those of its tokens; None as the model declares.
        prompt: what is put before every text; None as the model declares.
        prompt_name: which of the model's own prompts to put there.
        dimensions: keep only so many numbers of each vector, for models that are trained for that.
        long: a longer text: `truncate` (the default), `window` (the mean of its overlapping windows) or `error`.
        **options: as for every task.

    Returns:
        A `Similarity`: `matrix` `[text, text]`, `pairs()`, `nearest(query)`, `order`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.similar(["A joy.", "Great fun.", "Dull."]).matrix.shape
        (3, 3)
        >>> nbt.similar(questions, answers).pairs(5)
        >>> nbt.similar(df, column="review", query="the ending").nearest()
    """
    kept = {key: options[key] for key in INPUT_OPTIONS if key in options}
    ref, objects = texts_of(data, options)
    other_ref, other_objects = (None, {}) if other is None else second_list(other, kept)
    asked = similar_request(
        ref,
        {**objects, **other_objects},
        other=other_ref,
        query=query,
        top_k=top_k,
        measure=measure,
        model=model,
        pooling=pooling,
        prompt=prompt,
        prompt_name=prompt_name,
        dimensions=dimensions,
        **options,
    )
    return run_similar(*asked, passing_view("Comparing"))


def second_list(other: Any, options: Mapping[str, Any], name: str = "other") -> tuple[DataRef, Objects]:
    """The reference to the second list; how the first one is read says how this one is, where it is of such a kind."""
    is_on_hub = isinstance(other, str) and is_hub_name(other)
    if isinstance(other, Path) or is_on_hub or is_dataset(other):
        return data_ref(other, **options, name=name)
    return data_ref(other, **({"column": options.get("column")} if is_table(other) else {}), name=name)


def similar_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[SimilarRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    return task_request(SimilarRequest, data, objects, namespace, given)


def run_similar(request: SimilarRequest, objects: Objects, view: View) -> Similarity:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.similar import similar as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
