"""What a program must know besides a request, so that it gives the same result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbtransformers.request import DataRef, Measure, ModelRef, Pooling

Problem = Literal["single_label", "multi_label", "regression"]
HeadKind = Literal["trained", "similarity", "entailment"]
ProgramPadding = Literal["tokenizer", "right", "left", "never"]
Damage = Literal["broken", "no object", "undecodable"]
OnlyText = Literal["", "question", "context"]
"""Which side of the pairs is one text for all rows; empty where neither is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the texts are read, with what was guessed about them.

    Attributes:
        data: where they are; its column, split and encoding are those that were found.
        texts: the texts themselves, None where a row holds none, when no program can look them up: they are the
            sources of cells, came from an iterator that the run used up, or were handed to a function.
        used_up: whether they came from such an iterator, and are too many to write down.
        unnamed: whether they were handed to a function, so that the name in `data` is not the user's.
        streamed: whether a dataset is gone through row by row.
        number: of a column whose name is a number (pandas has such), or of one without a name, that number.
        delimiter: what parts the fields of a table of text; None where nothing does.
        has_header: whether its first line names the columns.
        is_list: whether a file of JSON is one list; else there is a value a line.
        lone_surrogates: whether some of the texts are not valid Unicode.
        damage: what some rows of a file are, that a plain reader would stumble over: broken, no object among
            objects, or not in the file's encoding.
        none_readable: whether no row holds a text.
    """

    data: DataRef
    texts: tuple[str | None, ...] = ()
    used_up: bool = False
    unnamed: bool = False
    streamed: bool = False
    number: int | None = None
    delimiter: str | None = None
    has_header: bool = True
    is_list: bool = False
    lone_surrogates: bool = False
    damage: frozenset[Damage] = frozenset()
    none_readable: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model or a tokenizer is.

    Attributes:
        model: the reference to it, to a Hub model with its commit.
        folder: where a bundled one is on this machine.
        pickled: whether its weights are a pickle.
    """

    model: ModelRef
    folder: str | None = None
    pickled: bool = False


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """What a program must know to load a model as a run did.

    Attributes:
        place: where the model is.
        dtype: the type that it computed in.
    """

    place: Place
    dtype: str


@dataclass(frozen=True, slots=True)
class RowsRecipe(ModelRecipe):
    """What a program must know to have a model do something with every row.

    Attributes:
        reading: how the texts are read.
    """

    reading: Reading


@dataclass(frozen=True, slots=True)
class PairsRecipe(RowsRecipe):
    """What a program must know to have a model do something with every question and its context.

    Attributes:
        reading: how the questions are read.
        contexts: how the contexts are read.
        only: which of the two is one text for all rows; empty where neither is.
    """

    contexts: Reading
    only: OnlyText


@dataclass(frozen=True, slots=True)
class LayerRecipe:
    """What is done to a text's vector after the pooling.

    Attributes:
        kind: a dense layer, a layer norm, or to bring it to length 1.
        folder: of the model's folder, where its weights are.
        activation: of a dense layer, the class of torch.nn; empty for none.
        has_bias: of a dense layer, whether it has one.
        residual: of a dense layer, what is added to its output: nothing, its input, or that through weights.
    """

    kind: Literal["Dense", "LayerNorm", "Normalize"]
    folder: str = ""
    activation: str = ""
    has_bias: bool = True
    residual: Literal["", "input", "projected"] = ""


@dataclass(frozen=True, slots=True)
class Embedding:
    """How a model embeds a text.

    Attributes:
        poolings: how the vectors of a text's tokens become one, several joined end to end.
        layers: what follows, in order.
        normalize: whether vectors are brought to length 1 in the end.
        dimension: numbers of a vector.
        is_cut: whether these are only the first of more.
        prompt: what is put before every text.
        query_prompt: what is put before a query.
        left_out: the tokens of prompts that do not count in the pooling.
        lower_case: whether texts have to be made lower case first.
        of_encoder: whether it is the encoder of a model that has a decoder too.
    """

    poolings: tuple[Pooling, ...]
    layers: tuple[LayerRecipe, ...]
    normalize: bool
    dimension: int
    is_cut: bool = False
    prompt: str = ""
    query_prompt: str = ""
    left_out: tuple[tuple[int, ...], ...] = ()
    lower_case: bool = False
    of_encoder: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """How scores are made, as far as the head knows.

    Attributes:
        head: whether they are those of the model's own head, of the similarity of embeddings, or of entailment.
        labels: the label names, in the order of the score axis.
        problem: what the scores mean.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        stride: tokens that two windows of a long text share.
        template: the sentence that a zero-shot label is put into.
        embedding: how a text is embedded; None where none is.
        entailment: the numbers of the logits for entailment and for contradiction.
    """

    head: HeadKind
    labels: tuple[str, ...]
    problem: Problem
    limit: int
    stride: int
    template: str = "{}"
    embedding: Embedding | None = None
    entailment: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Recipe(RowsRecipe):
    """What a program must know to give the same scores.

    Attributes:
        scores: how the scores are made.
        padding: how a batch is brought to one length: as the tokenizer does it, on the side where its own
            would be wrong, or never.
    """

    scores: Scores
    padding: ProgramPadding


@dataclass(frozen=True, slots=True)
class TokenizerRecipe:
    """What a program must know of one tokenizer.

    Attributes:
        name: what it is called in the result.
        place: where it is.
        limit: tokens that a text may have; 0 is no limit.
        is_fast: whether it tells where its tokens stand.
        has_pad_token: whether it has a token for padding.
    """

    name: str
    place: Place
    limit: int
    is_fast: bool
    has_pad_token: bool


@dataclass(frozen=True, slots=True)
class TokenizeRecipe:
    """What a program must know to make the same tokens.

    Attributes:
        reading: how the texts are read.
        tokenizers: the tokenizers, in order.
    """

    reading: Reading
    tokenizers: tuple[TokenizerRecipe, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What a model expects around a text.

    Attributes:
        before: the ids before it.
        behind: the ids behind it.
        types: the token types of `before`, of each token of the text, and of `behind`; None where none is needed:
            the model takes none, or all are 0.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]
    types: tuple[tuple[int, ...], int, tuple[int, ...]] | None = None


@dataclass(frozen=True, slots=True)
class EntitiesRecipe(RowsRecipe):
    """What a program must know to find the same entities.

    Attributes:
        types: the type of a span that each label stands for; None for a word outside of any.
        begins: the numbers of the labels with which a span begins, whatever stands before.
        ends: those with which one ends, whatever follows.
        around: what the model expects around a text.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        overlap: tokens that two windows of a long text share, about.
        from_left: whether a text that is cut off loses its beginning.
        prefix: what a piece begins with that goes on with a word; empty where pieces are not marked so.
        is_fast: whether the tokenizer tells where its tokens stand.
    """

    types: tuple[str | None, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    around: Around
    limit: int
    overlap: int
    from_left: bool
    prefix: str
    is_fast: bool


@dataclass(frozen=True, slots=True)
class EmbedRecipe(RowsRecipe):
    """What a program must know to make the same vectors.

    Attributes:
        embedding: how a text is embedded.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        stride: tokens that two windows of a long text share.
        padding: how a batch is brought to one length.
    """

    embedding: Embedding
    limit: int
    stride: int
    padding: ProgramPadding


@dataclass(frozen=True, slots=True)
class SimilarRecipe:
    """What a program must know to compare texts in the same way.

    Attributes:
        embed: how the texts are embedded.
        other: how those of the second list are read; None for none.
        measure: how alike two vectors are.
    """

    embed: EmbedRecipe
    other: Reading | None
    measure: Measure


@dataclass(frozen=True, slots=True)
class FillRecipe(RowsRecipe):
    """What a program must know to fill the same masks.

    Attributes:
        masks: what is taken for a mask, a regular expression.
        around: what the model expects around a text.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        targets: the only tokens to choose from; None is all.
        ranks: how many fillings each mask has.
    """

    masks: str
    around: Around
    limit: int
    targets: tuple[int, ...] | None
    ranks: int


@dataclass(frozen=True, slots=True)
class AnswerRecipe(PairsRecipe):
    """What a program must know to find the same answers.

    Attributes:
        around: what the model expects before the question and behind the context.
        between: the ids between the two.
        types: the token types of what is before, of the question, between, of the context and behind; None where
            none is needed.
        none: where the token is that stands for no answer: in what is before, or in what is behind; None for none.
        limit: tokens read at once, special tokens included; 0 is no limit.
        least: tokens of a context that a question has to leave room for.
    """

    around: Around
    between: tuple[int, ...]
    types: tuple[int, ...] | None
    none: tuple[Literal["before", "behind"], int] | None
    limit: int
    least: int
