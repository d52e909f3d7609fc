"""What the last magic of a task was asked, for `%nbt code`.

Only the request and a few facts: a result holds all its texts and scores, and would never be freed. A training run
holds nothing but the name of its directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from nbtransformers.request import Request
    from nbtransformers.results.recipes import ProgramRecipe
    from nbtransformers.results.trainingrun import TrainingRun


class Asked(Protocol):
    """A result of a request."""

    @property
    def request(self) -> Any: ...


class Remembered(NamedTuple):
    """What `nbt.code` needs of a result; no program is written where the recipe is None."""

    request: Request
    recipe: ProgramRecipe | None


_last: Remembered | TrainingRun | None = None


def remember(result: Asked) -> Remembered | TrainingRun:
    """Keep what a program needs to give this result again; what is kept."""
    from nbtransformers.results.trainingrun import TrainingRun

    global _last
    _last = result if isinstance(result, TrainingRun) else Remembered(result.request, getattr(result, "recipe", None))
    return _last


def last() -> Remembered | TrainingRun | None:
    """What was remembered last in this session; None before the first."""
    return _last


def forget() -> None:
    """Keep nothing any more."""
    global _last
    _last = None
