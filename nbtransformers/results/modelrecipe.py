"""What a program must know of a model that was fetched, or made the default."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.results.recipe import Place


@dataclass(frozen=True, slots=True)
class DownloadRecipe:
    """Of a model that was fetched.

    Attributes:
        place: where it is.
        files: what of it is on this machine, by their paths in the repository; empty for a bundled model.
    """

    place: Place
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UseRecipe:
    """Of a model that is the default.

    Attributes:
        place: where it is.
        auto_class: the Auto class of Transformers that loads it with the head that it has.
    """

    place: Place
    auto_class: str
