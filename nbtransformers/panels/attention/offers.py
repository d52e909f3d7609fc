"""What needs the model again: another text, another model, heads ablated. Who can run one offers it here, since nothing
on the screen may see one.

What comes of it takes the place of the result on the screen, and can be gone back from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from nbtransformers.progress import OnProgress
from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionmaps import Part
from nbtransformers.results.prediction import Prediction

if TYPE_CHECKING:
    from nbtransformers.panels.view import View

How = Literal["zero", "mean"]


@dataclass(frozen=True, slots=True)
class Texts:
    """What is read instead; None leaves a text out."""

    text: str
    pair: str | None = None
    target: str | None = None


class Work(Protocol):
    """What the model can be asked for again."""

    def knows(self, result: Attention) -> bool:
        """Whether the model that a result is of is at hand: not for one that was read from a file."""
        ...

    def ablate(
        self, result: Attention, heads: Sequence[tuple[Part, int, int]], how: How, on_progress: OnProgress
    ) -> Prediction:
        """What is predicted with the output of some heads set to zero, or to its mean over the tokens."""
        ...

    def edit(self, result: Attention, texts: Texts, view: View) -> Attention:
        """The attention in another text, shown in a view."""
        ...

    def against(self, result: Attention, texts: Texts | None, model: str | None, view: View) -> Attention:
        """The difference to the attention in another text, or of another model, shown in a view."""
        ...

    def code(self, result: Attention) -> str:
        """The plain program that gives the same; only of a result with a recipe."""
        ...


_offered: list[Work] = []


def offer(work: Work) -> None:
    """Have the panels of attention ask this for what needs the model, from now on."""
    _offered[:] = [work]


def offered() -> Work | None:
    """Who can run a model again; None while nobody can."""
    return _offered[0] if _offered else None


def can(result: Attention) -> list[str]:
    """What a panel can have done by who can run a model.

    A difference, and what came from a file, cannot be read anew; `code` is for what a plain program gives too.
    """
    work = offered()
    if work is None:
        return []
    again = ["ablate", "edit", "against"] if not result.signed and work.knows(result) else []
    return [*again, *(["code"] if result.recipe is not None else [])]
