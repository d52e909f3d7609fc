"""`nbtransformers.positions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from nbtransformers import settings
from nbtransformers.doors.common import model_of, run_and_keep
from nbtransformers.doors.door import door
from nbtransformers.doors.options import RUN_ARGUMENTS
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataType, Objects, PositionsRequest, RunOptions
from nbtransformers.results.positions import Positions


class PositionsOptions(TypedDict, total=False):
    """How the model is loaded."""

    revision: str | None
    allow_pickle: bool
    trust_remote_code: bool
    allow_large: bool
    device: str | None
    memory_budget: int | str | None
    dtype: DataType | None


@door
def positions(
    model: Any = None, *, length: int | None = None, dim: int | None = None, **options: Unpack[PositionsOptions]
) -> Positions:
    """Look at how positions are encoded: by the sinusoidal formula, or by a model.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the formula.
        length: how many positions; None is as many as a model's table has, else 128 (of rotations 512).
        dim: how many dimensions the formula fills; else 64. With it, the formula is meant whatever model is a default.
        **options: as for every task.

    Returns:
        A `Positions`: `encodings`, and of the first one `values` `[position, dimension]`, `similarity()`,
        `by_distance()`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.positions(length=128, dim=64).values.shape
        (128, 64)
        >>> nbt.positions("HuggingFaceTB/SmolLM2-135M").encodings[0].cos
    """
    asked = positions_request(model=model, length=length, dim=dim, **options)
    return run_positions(*asked, passing_view("Looking at positions"))


def positions_request(*, namespace: Mapping[str, Any] | None = None, **given: Any) -> tuple[PositionsRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        namespace: where names are looked up.
        given: arguments of `positions`; for one that is None, or missing, the settings are asked.
    """
    filled = settings.filled("positions", given)
    values = dict(filled.values)
    if "dim" in values and "model" in filled.sources:  # of a default, and the formula is asked for
        del values["model"]
    run = replace(RunOptions(), **{key: values.pop(key) for key in RUN_ARGUMENTS if key in values})
    ref, objects = model_of(filled, values, namespace)
    return PositionsRequest(model=ref, run=run, **values), objects


def run_positions(request: PositionsRequest, objects: Objects, view: View) -> Positions:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.positions import positions as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
