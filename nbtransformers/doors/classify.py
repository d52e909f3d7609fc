"""`nbtransformers.classify`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import run_and_keep, task_request, texts_of
from nbtransformers.doors.door import door
from nbtransformers.doors.options import Options
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import ClassifyRequest, DataRef, Objects, parse_labels
from nbtransformers.results.classification import Classification


@door
def classify(
    data: Any,
    *,
    model: Any = None,
    labels: str | Iterable[str] | None = None,
    top_k: int | None = None,
    multi_label: bool | None = None,
    threshold: float | None = None,
    template: str | None = None,
    **options: Unpack[Options],
) -> Classification:
    """Label texts with a classifier, or zero-shot with labels of your own.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: {DATA}
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled sentiment model, or with `labels` the bundled encoder.
        labels: labels for zero-shot classification, as a list or as `"politics, sport"`.
        top_k: how many labels a row shows.
        multi_label: score each label on its own; None follows the model.
        threshold: a multi-label label is assigned at this score or above; else 0.5.
        template: the sentence that a zero-shot label is put into, with `{}` for the label.
        **options: as for every task.

    Returns:
        A `Classification`: `labels`, `scores` `[text, label]`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.classify(["A joy from start to end.", "Dull."]).to_pandas()
        >>> nbt.classify(df, column="headline", labels=["politics", "sport"])
    """
    asked = classify_request(
        *texts_of(data, options),
        model=model,
        labels=labels,
        top_k=top_k,
        multi_label=multi_label,
        threshold=threshold,
        template=template,
        **options,
    )
    return run_classify(*asked, passing_view("Classifying"))


def classify_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[ClassifyRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    return task_request(
        ClassifyRequest, data, objects, namespace, {**given, "labels": parse_labels(given.get("labels"))}
    )


def run_classify(request: ClassifyRequest, objects: Objects, view: View) -> Classification:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.classify import classify as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
