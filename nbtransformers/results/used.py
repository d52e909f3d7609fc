"""A model that was made the default of the session."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.plain_text import printable
from nbtransformers.request.models import UseRequest
from nbtransformers.results.modelrecipe import UseRecipe


@dataclass(frozen=True, slots=True)
class Used:
    """A model that is the default from now on.

    Attributes:
        name: what was set: its name, with the commit where that is pinned.
        request: what was asked for.
        recipe: what a program that loads it is written from.
    """

    name: str
    request: UseRequest
    recipe: UseRecipe

    def __str__(self) -> str:
        return f"{printable(self.name)} is the default of this session; `%nbt unset model` takes it back."
