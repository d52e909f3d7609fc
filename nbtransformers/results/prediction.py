"""What a model says, and what it says after a change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of a text, before and after something of it was changed.

    Attributes:
        what: what is predicted, for a reader, such as `label` or `next token`; None where nothing is.
        labels: what was likeliest before, and after, the likeliest before first.
        before, after: the score of each of them, from 0 to 1.
        change: how far the model's output moved: the mean over the tokens of 1 - cosine; of a long text with a large
            vocabulary, over some of them.
    """

    what: str | None
    labels: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    change: float
