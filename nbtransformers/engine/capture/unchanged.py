"""Whether weights are still those that a pass ran with: who has a model of their own may train it on."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError


def version_of(module: Any) -> int:
    """A number that changes when a weight of a module is changed in place, as by each step of an optimizer.

    What is written through `.data`, past torch's own count, does not change it.
    """
    return sum(weight._version for weight in module.parameters() if not weight.is_inference())


def refuse_changed(module: Any, version: int) -> None:
    """Let nothing be computed by weights that are not those of the pass: the numbers would be of no model.

    Args:
        module: whose weights.
        version: what `version_of` gave when the pass ran.

    Raises:
        UserError: when they have changed.
    """
    if version_of(module) != version:
        raise UserError(
            "The model has been trained or changed since its attention was read: what is asked for is computed by "
            "weights that are gone.",
            hint="Run the cell again.",
        )
