"""What a program must know besides a request, so that it explains the same."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.request import Method
from nbtransformers.results.recipe import ModelRecipe


@dataclass(frozen=True, slots=True)
class MethodRecipe:
    """What a program must know of one method of an explanation.

    Attributes:
        method: its name.
        token: the token whose embedding the others are compared with; None is zeros, or nothing.
        said: what they are compared with, in words.
        removes: whether a word is left out, with nothing in its place.
        segments: of integrated gradients, where each part of the way begins and ends, and its points.
        rows: how many rows the model reads at once.
    """

    method: Method
    token: int | None
    said: str
    removes: bool
    segments: tuple[tuple[float, float, int], ...]
    rows: int


@dataclass(frozen=True, slots=True)
class ExplainRecipe(ModelRecipe):
    """What a program must know to explain a prediction in the same way.

    Attributes:
        texts: the text, and the second one of a pair, as the model's tokenizer is given them.
        auto_class: the class that loads it.
        limit: tokens that are read; 0 is no limit.
        logit: what is explained, as an expression of `outputs` with one value a row.
        said: the same in words.
        methods: how it is explained.
        words: where the tokens of each word begin and end: those that occlusion takes away together.
        is_plain: whether the model asks for the embeddings of the text once and as it is; an encoder-decoder asks for
            those of its decoder too, and XLNet for them by token and row.
    """

    texts: tuple[str, ...]
    auto_class: str
    limit: int
    logit: str
    said: str
    methods: tuple[MethodRecipe, ...]
    words: tuple[tuple[int, int], ...]
    is_plain: bool = True
