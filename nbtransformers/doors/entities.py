"""`nbtransformers.entities`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import run_and_keep, task_request, texts_of
from nbtransformers.doors.door import door
from nbtransformers.doors.options import Options
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import Aggregation, DataRef, EntitiesRequest, Objects, parse_labels
from nbtransformers.results.entities import Entities


@door
def entities(
    data: Any,
    *,
    model: Any = None,
    aggregation: Aggregation | None = None,
    threshold: float | None = None,
    labels: str | Iterable[str] | None = None,
    **options: Unpack[Options],
) -> Entities:
    """Find the entities in texts with a token classifier: people, places, or whatever it was trained for.

    Texts longer than the model reads at once are read whole, in overlapping windows. What is None, or left out, is as
    `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as below.

    Args:
        data: {DATA}
        model: a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair. None is bundled.
        aggregation: how the pieces of a word become one label: that of the `first` (else this one), that of the
            surest (`max`), or the best by their `average`.
        threshold: an entity with a lower score is left out; else 0.
        labels: the types to keep, as a list or as `"PER, LOC"`; else all.
        long: a longer text: `window` (else this one: overlapping windows), `truncate` or `error`.
        **options: as for every task.

    Returns:
        An `Entities`: `spans` (a list a row), `totals`, `to_pandas()` (one row an entity), `to_spacy()`,
        `to_displacy()`, `to_conll()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.entities("Ada Lovelace lived in London.", model="dslim/bert-base-NER").to_pandas()
    """
    asked = entities_request(
        *texts_of(data, options),
        model=model,
        aggregation=aggregation,
        threshold=threshold,
        labels=labels,
        **options,
    )
    return run_entities(*asked, passing_view("Finding entities"))


def entities_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[EntitiesRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    return task_request(
        EntitiesRequest, data, objects, namespace, {**given, "labels": parse_labels(given.get("labels"))}
    )


def run_entities(request: EntitiesRequest, objects: Objects, view: View) -> Entities:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.entities import entities as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
