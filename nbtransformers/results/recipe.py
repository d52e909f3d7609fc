"""What a program must know besides a request, so that it gives the same result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbtransformers.request import DataRef, Measure, Method, ModelRef, Pooling

Problem = Literal["single_label", "multi_label", "regression"]
HeadKind = Literal["trained", "similarity", "entailment"]
ProgramPadding = Literal["tokenizer", "right", "left", "never"]
Damage = Literal["broken", "no object", "undecodable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the texts are read, with what was guessed about them.

    Attributes:
        data: where they are; its column, split and encoding are those that were found.
        texts: the texts themselves, None where a row holds none, when no program can look them up: they are the
            sources of cells, or came from an iterator that the run used up.
        used_up: whether they came from such an iterator, and are too many to write down.
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
class Recipe:
    """What a program must know to give the same scores.

    Attributes:
        reading: how the texts are read.
        place: where the model is.
        dtype: the type that it computed in.
        scores: how the scores are made.
        padding: how a batch is brought to one length: as the tokenizer does it, on the side where its own
            would be wrong, or never.
    """

    reading: Reading
    place: Place
    dtype: str
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
class EntitiesRecipe:
    """What a program must know to find the same entities.

    Attributes:
        reading: how the texts are read.
        place: where the model is.
        dtype: the type that it computed in.
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

    reading: Reading
    place: Place
    dtype: str
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
class EmbedRecipe:
    """What a program must know to make the same vectors.

    Attributes:
        reading: how the texts are read.
        place: where the model is.
        dtype: the type that it computed in.
        embedding: how a text is embedded.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        stride: tokens that two windows of a long text share.
        padding: how a batch is brought to one length.
    """

    reading: Reading
    place: Place
    dtype: str
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
class FillRecipe:
    """What a program must know to fill the same masks.

    Attributes:
        reading: how the texts are read.
        place: where the model is.
        dtype: the type that it computed in.
        masks: what is taken for a mask, a regular expression.
        around: what the model expects around a text.
        limit: tokens read of one text, special tokens included; 0 is no limit.
        targets: the only tokens to choose from; None is all.
        ranks: how many fillings each mask has.
    """

    reading: Reading
    place: Place
    dtype: str
    masks: str
    around: Around
    limit: int
    targets: tuple[int, ...] | None
    ranks: int


@dataclass(frozen=True, slots=True)
class AnswerRecipe:
    """What a program must know to find the same answers.

    Attributes:
        reading: how the questions are read.
        contexts: how the contexts are read.
        only: which of the two is one text for all rows; empty where neither is.
        place: where the model is.
        dtype: the type that it computed in.
        around: what the model expects before the question and behind the context.
        between: the ids between the two.
        types: the token types of what is before, of the question, between, of the context and behind; None where
            none is needed.
        none: where the token is that stands for no answer: in what is before, or in what is behind; None for none.
        limit: tokens read at once, special tokens included; 0 is no limit.
        least: tokens of a context that a question has to leave room for.
    """

    reading: Reading
    contexts: Reading
    only: Literal["", "question", "context"]
    place: Place
    dtype: str
    around: Around
    between: tuple[int, ...]
    types: tuple[int, ...] | None
    none: tuple[Literal["before", "behind"], int] | None
    limit: int
    least: int


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
class ExplainRecipe:
    """What a program must know to explain a prediction in the same way.

    Attributes:
        texts: the text, and the second one of a pair, as the model's tokenizer is given them.
        place: where the model is.
        dtype: the type that it computed in.
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
    place: Place
    dtype: str
    auto_class: str
    limit: int
    logit: str
    said: str
    methods: tuple[MethodRecipe, ...]
    words: tuple[tuple[int, int], ...]
    is_plain: bool = True


PositionsReading = Literal["formula", "table", "rotary", "buckets", "slopes", "distances", "waves"]
RotaryOutput = Literal["cos, sin", "sin, cos", "turns", "table"]
"""What a rotary module gives: cosines and sines, the sines first, complex numbers; or it is a table of both."""


@dataclass(frozen=True, slots=True)
class PositionsPart:
    """How a program comes to one encoding of positions.

    Attributes:
        name: what it is called in the result; empty where a model has one only.
        reading: by the formula, as rows of a table, from a rotary module, from the buckets of a relative bias, from
            the slopes of one, or from vectors for distances that are learned or sinusoidal.
        length: how many positions.
        module: the module of the model that has it; of slopes, the module of Python that makes them.
        attribute: of a table, the tensor of the module; of rotations, what it gives; of buckets and slopes, the
            function that finds or makes them.
        offset: the row of a table that position 0 has.
        layer_type: which layers a rotary module is asked for, where it knows several.
        causal: of buckets, whether no query looks at what comes behind it.
        told: of buckets, whether their function has to be told that, and how many there are; of learned distances,
            whether far ones share a vector.
        heads: of slopes, how many heads there are.
        scaling: of slopes, what they are multiplied by.
    """

    name: str
    reading: PositionsReading
    length: int
    module: str = ""
    attribute: str = "weight"
    offset: int = 0
    layer_type: str | None = None
    causal: bool = False
    told: bool = False
    heads: int = 0
    scaling: float = 1.0


@dataclass(frozen=True, slots=True)
class PositionsRecipe:
    """What a program must know to show the same encodings of positions.

    Attributes:
        parts: the encodings.
        dim: of the formula, how many dimensions; 0 of a model.
        place: where the model is; None is the formula.
        dtype: the type that the model was loaded in.
    """

    parts: tuple[PositionsPart, ...]
    dim: int = 0
    place: Place | None = None
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class AttentionRecipe:
    """What a program must know to look at the same attention.

    Attributes:
        text: the text.
        pair: the second one; None for none.
        place: where the model is.
        dtype: the type that it computed in.
        limit: tokens that are read of it; 0 is no limit.
        decoder_ids: what the decoder of an encoder-decoder reads; empty for any other model.
        takes_type_ids: whether the model takes token_type_ids.
        takes_cache: whether it may be told to keep no cache.
        keeps_queries: whether weights are to be computed from queries and keys, since all would be too many.
    """

    text: str
    pair: str | None
    place: Place
    dtype: str
    limit: int
    decoder_ids: tuple[int, ...]
    takes_type_ids: bool
    takes_cache: bool
    keeps_queries: bool
