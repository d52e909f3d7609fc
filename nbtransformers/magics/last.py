"""What the last magic of a task was asked, for `%nbt code`.

Only the request and a few facts: a result holds all its texts and scores, and would never be freed. A training run
holds nothing but the name of its directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nbtransformers.request import Request
    from nbtransformers.results.recipes import ProgramRecipe
    from nbtransformers.results.trainingrun import TrainingRun


class Asked(Protocol):
    """A result of a request."""

    @property
    def request(self) -> Any: ...


_last: tuple[Request, ProgramRecipe | None] | TrainingRun | None = None


def remember(result: Asked) -> None:
    """Keep what a program needs to give this result again."""
    from nbtransformers.results.trainingrun import TrainingRun

    global _last
    _last = result if isinstance(result, TrainingRun) else (result.request, getattr(result, "recipe", None))


def last() -> tuple[Request, ProgramRecipe | None] | TrainingRun | None:
    """The last request of this session and its recipe, None where no program is written, or the last training run.

    None before the first.
    """
    return _last


def forget() -> None:
    """Keep nothing any more."""
    global _last
    _last = None
