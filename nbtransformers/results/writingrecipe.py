"""What a program must know besides a request, so that a model writes the same text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbtransformers.results.recipe import PairsRecipe, RowsRecipe


@dataclass(frozen=True, slots=True)
class Writing:
    """How a model writes.

    Attributes:
        is_seq2seq: whether it has an encoder, which reads, and a decoder, which writes.
        options: the arguments of `generate` that say how tokens are chosen.
        ends: the tokens that end a text.
        stop_strings: a text ends once it holds one of them.
        seed: what chance starts from for the first row, and one more for each that follows; None where none is needed.
        reads: tokens that the model reads, what it writes among them unless it has an encoder; 0 is no limit.
        writes: tokens that the decoder of a model with an encoder can write; 0 is no limit.
    """

    is_seq2seq: bool
    options: tuple[tuple[str, Any], ...]
    ends: tuple[int, ...]
    stop_strings: tuple[str, ...]
    seed: int | None
    reads: int
    writes: int


@dataclass(frozen=True, slots=True)
class GenerateRecipe(RowsRecipe):
    """What a program must know to write on in the same way.

    Attributes:
        writing: how it writes.
        most: new tokens of a row at most.
        begun: the number of each row that was gone on with from another token, and what its text begins with.
    """

    writing: Writing
    most: int
    begun: Mapping[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])


@dataclass(frozen=True, slots=True)
class RewriteRecipe(RowsRecipe):
    """What a program must know to make the same new text of every text.

    Attributes:
        writing: how it writes.
        prefix: what is put before a text, or a part of one.
        chat: whether it is then a message in the model's chat template.
        source_code: the language that the tokenizer is set to; None where it has none to set.
        most: new tokens of a part at most; None is as many as a translation may take.
        least: new tokens of a part at least, which it may always have; 0 where nothing is said.
        taken: tokens that are no text's.
        limit: tokens that the model reads at once; 0 is no limit.
        by: where a text is cut in any case.
        boundaries: the regular expressions of where a text is cut, the best first: paragraphs, lines, sentences, …
        again: whether what was written for several parts is rewritten itself.
        in_parts: whether some text may have to be read in parts.
    """

    writing: Writing
    prefix: str
    chat: bool
    source_code: str | None
    most: int | None
    least: int
    taken: int
    limit: int
    by: Literal["whole", "lines", "sentences"]
    boundaries: tuple[str, ...]
    again: bool
    in_parts: bool


@dataclass(frozen=True, slots=True)
class WrittenAnswerRecipe(PairsRecipe):
    """What a program must know to have the same answers written.

    Attributes:
        writing: how it writes.
        chat: whether it is told by a message in its chat template.
        around: what stands before, between and behind the two: in a chat the context comes first, else the question.
    """

    writing: Writing
    chat: bool
    around: tuple[str, str, str]
