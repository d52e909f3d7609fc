"""Putting the model of a run into use: who keeps the session's defaults offers it here, since nothing on the screen may
see them."""

from __future__ import annotations

from typing import Protocol

from nbtransformers.errors import UserError
from nbtransformers.results.trainingrun import TrainingRun


class Use(Protocol):
    """What can be done with the model of a run."""

    def line(self, run: TrainingRun) -> str:
        """What to type to use it once."""
        ...

    def settings(self, run: TrainingRun) -> list[str]:
        """Which defaults of the session would be set to it."""
        ...

    def set(self, run: TrainingRun) -> None:
        """Set them."""
        ...


_offered: list[Use] = []


def offer(use: Use) -> None:
    """Have the panels of runs ask this, from now on."""
    _offered[:] = [use]


def offered() -> Use:
    """Who was offered last.

    Raises:
        UserError: when nobody was.
    """
    if not _offered:
        raise UserError("No model can be put into use from here.", hint="Give its folder as `--model`.")
    return _offered[0]
