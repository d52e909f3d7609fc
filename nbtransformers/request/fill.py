"""What `%%fill` is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request.checks import whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

_TARGETS_IN_PYTHON = 'Type `targets=["good", "bad"]`.'


@dataclass(frozen=True, slots=True)
class FillRequest(Written):
    """Fill the masked words of every text with a masked language model.

    Attributes:
        data: the texts, with `[MASK]`, `<mask>` or the model's own mask token where words are missing.
        model: the masked language model; None is refused, since none is bundled.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        top_k: how many fillings each mask has.
        targets: the only words to choose from; None is the whole vocabulary.
        run: how it runs; unless it says otherwise, of a long text the surroundings of its masks are read.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> FillRequest(DataRef("lines", "Paris is the [MASK] of France."), ModelRef("hub", "owner/name"))
    """

    task: ClassVar[str] = "fill"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    top_k: int = 5
    targets: tuple[str, ...] | None = None
    run: RunOptions = field(default_factory=lambda: RunOptions(long="window"))

    def __post_init__(self) -> None:
        whole("top-k", self.top_k)
        if self.targets is None:
            return
        if not self.targets or not all(self.targets):
            raise UserError("One of the targets is empty.", hint="Type words: `--targets good,bad`.")
        if len(set(self.targets)) < len(self.targets):
            twice = next(word for word in self.targets if self.targets.count(word) > 1)
            raise UserError(f"The target {shown(twice)} is there twice.", hint="Remove one of them.")


def parse_targets(targets: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Targets as the user gives them (`"good, bad"` or a list) to a tuple.

    Raises:
        UserError: when a target is not text.
    """
    if targets is None:
        return None
    if not isinstance(targets, Iterable):
        raise UserError(f"The targets are {shown(targets)}, {kind_of(targets)}.", hint=_TARGETS_IN_PYTHON)
    parts = targets.split(",") if isinstance(targets, str) else list(targets)
    wrong = [part for part in parts if not isinstance(part, str)]
    if wrong:
        raise UserError(f"The target {shown(wrong[0])} is not text.", hint=_TARGETS_IN_PYTHON)
    return tuple(part.strip() for part in parts)
