"""What `%%entities` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import is_text, one_of
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

Aggregation = Literal["first", "average", "max"]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)


@dataclass(frozen=True, slots=True)
class EntitiesRequest(Written):
    """Find the entities in every text with a token classifier.

    Attributes:
        data: the texts.
        model: the token classifier; None is refused, since none is bundled.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        aggregation: how the pieces of a word become one label: that of the `first`, that of the surest (`max`), or
            the best by their `average`.
        threshold: a span with a lower score is left out.
        labels: the types of spans that are kept; None keeps all.
        run: how it runs; unless it says otherwise, a long text is read in windows.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> EntitiesRequest(DataRef("lines", "Ada Lovelace lived in London."), ModelRef("hub", "dslim/bert-base-NER"))
    """

    task: ClassVar[str] = "entities"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    aggregation: Aggregation = "first"
    threshold: float = 0.0
    labels: tuple[str, ...] | None = None
    run: RunOptions = field(default_factory=lambda: RunOptions(long="window"))

    def __post_init__(self) -> None:
        one_of("aggregation", self.aggregation, AGGREGATIONS)
        if not isinstance(self.threshold, int | float) or not 0 <= self.threshold <= 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(
                f"The threshold is {shown(self.threshold)}.", hint="Type a number from 0 to 1: `--threshold 0.5`."
            )
        if self.labels is not None:
            _check_types(self.labels)


def _check_types(labels: tuple[str, ...]) -> None:
    if not labels or any(not is_text(label) or not label for label in labels):
        raise UserError("One of the labels is empty.", hint="Type those to keep: `--labels PER,LOC`.")
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise UserError(f"The label {shown(twice)} is there twice.", hint="Remove one of them.")
