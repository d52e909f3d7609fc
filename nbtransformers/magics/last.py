"""What the last magic of a task was asked, for `%nbt code`.

Only the request and a few facts: a result holds all its texts and scores, and would never be freed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtransformers.request import Request
    from nbtransformers.results.classification import Classification
    from nbtransformers.results.recipe import Recipe, TokenizeRecipe
    from nbtransformers.results.tokenization import Tokenization

_last: tuple[Request, Recipe | TokenizeRecipe] | None = None


def remember(result: Classification | Tokenization) -> None:
    """Keep what a program needs to give this result again."""
    global _last
    if result.recipe is not None:
        _last = (result.request, result.recipe)


def last() -> tuple[Request, Recipe | TokenizeRecipe] | None:
    """The last request of this session and its recipe; None before the first."""
    return _last


def forget() -> None:
    """Keep nothing any more."""
    global _last
    _last = None
