"""`nbtransformers.fill`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import run_and_keep, task_request, texts_of
from nbtransformers.doors.door import door
from nbtransformers.doors.options import Options
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, FillRequest, Objects, parse_targets
from nbtransformers.results.filling import Filling


@door
def fill(
    data: Any,
    *,
    model: Any = None,
    top_k: int | None = None,
    targets: str | Iterable[str] | None = None,
    **options: Unpack[Options],
) -> Filling:
    """Fill masked words with a masked language model.

    A mask is written as the model's own mask token, or as `[MASK]` or `<mask>`. Several masks of a text are filled
    independently of one another. What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says
    (see `defaults`), or else as below.

    Args:
        data: {DATA}
        model: a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair. None is bundled.
        top_k: how many fillings each mask has; else 5.
        targets: the only words to choose from, as a list or as `"good, bad"`; each has to be one token. Their
            probabilities are those among all words.
        long: a longer text: `window` (else this one: what stands around its masks is read), `truncate` or `error`.
        **options: as for every task.

    Returns:
        A `Filling`: `texts` (filled), `tokens` and `probabilities` (for each row and mask a list), `to_pandas()`,
        `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.fill("Paris is the <mask> of France.", model="distilbert/distilroberta-base").to_pandas()
    """
    asked = fill_request(*texts_of(data, options), model=model, top_k=top_k, targets=targets, **options)
    return run_fill(*asked, passing_view("Filling"))


def fill_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[FillRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    return task_request(
        FillRequest, data, objects, namespace, {**given, "targets": parse_targets(given.get("targets"))}
    )


def run_fill(request: FillRequest, objects: Objects, view: View) -> Filling:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.fill import fill as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
