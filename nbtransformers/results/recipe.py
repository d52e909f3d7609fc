"""How the scores of a classification come about, as far as its request does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbtransformers.request import DataRef, ModelRef

Problem = Literal["single_label", "multi_label", "regression"]
HeadKind = Literal["trained", "similarity", "entailment"]
Pooling = Literal["mean", "cls", "last", "max"]
ProgramPadding = Literal["tokenizer", "right", "left", "never"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a program must know besides the request, so that it gives the same scores.

    Attributes:
        head: whether the scores are those of the model's own head, of the similarity of embeddings, or of entailment.
        labels: the label names, in the order of the score axis.
        problem: what the scores mean.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        stride: tokens that two windows of a long text share.
        template: the sentence that a zero-shot label is put into.
        pooling: how the embedding of a text is made from those of its tokens.
        entailment: the numbers of the logits for entailment and for contradiction.
        padding: how a batch is brought to one length: as the tokenizer does it, on the side where its own
            would be wrong, or never.
        data: where the texts are, with what was guessed about them.
        model: the model, a Hub model with its commit.
        folder: where a bundled model is on this machine.
        dtype: the type that it computed in.
        lone_surrogates: whether some of the texts are not valid Unicode.
    """

    head: HeadKind
    labels: tuple[str, ...]
    problem: Problem
    limit: int
    stride: int
    template: str | None = None
    pooling: Pooling | None = None
    entailment: tuple[int, int] | None = None
    padding: ProgramPadding = "tokenizer"
    data: DataRef | None = None
    model: ModelRef | None = None
    folder: str | None = None
    dtype: str = "float32"
    lone_surrogates: bool = False
