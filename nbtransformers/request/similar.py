"""What `%%similar` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import is_text, one_of, whole
from nbtransformers.request.embed import EmbedRequest, Pooling, check_embedding
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

Measure = Literal["cosine", "dot", "euclidean", "manhattan"]
"""How alike two vectors are; of the two distances it is the negative, so that more is more alike."""

MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class SimilarRequest(Written):
    """Compare every text with every other, or with those of a second list.

    Attributes:
        data: the texts.
        other: the texts to compare them with; None compares them with each other.
        query: a text to find the nearest of; None finds none.
        top_k: how many of the nearest, or of the most similar pairs, are shown.
        measure: how alike two vectors are; None as the model declares, else the cosine.
        model: the encoder. None is the bundled one.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        pooling: how a text's vector is made from those of its tokens; None as the model declares.
        prompt: what is put before every text; None as the model declares.
        prompt_name: which of the model's own prompts to put there.
        dimensions: keep only so many numbers of each vector, for models that are trained for that; None keeps all.
        run: how it runs.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> SimilarRequest(data=DataRef("lines", "Good film.\\nBad film."))
    """

    task: ClassVar[str] = "similar"

    data: DataRef
    other: DataRef | None = None
    query: str | None = None
    top_k: int = 10
    measure: Measure | None = None
    model: ModelRef | None = None
    tokenizer: str | None = None
    pooling: Pooling | None = None
    prompt: str | None = None
    prompt_name: str | None = None
    dimensions: int | None = None
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        check_embedding(self.pooling, self.prompt, self.prompt_name, self.dimensions)
        if self.measure is not None:
            one_of("measure", self.measure, MEASURES)
        whole("top-k", self.top_k)
        if self.run.to is not None:
            raise UserError(
                "`--to` is for results of one row a text, and this one is a matrix.",
                hint="Leave `--to` out; `nbt.embed` writes the vectors into a file.",
            )
        if self.query is not None and (not is_text(self.query) or not self.query.strip()):
            raise UserError(f"The query is {shown(self.query)}, which holds no text.", hint='Type `--query "a text"`.')

    def embedding(self, data: DataRef) -> EmbedRequest:
        """How one of the two lists is embedded."""
        return EmbedRequest(
            data=data,
            model=self.model,
            tokenizer=self.tokenizer,
            pooling=self.pooling,
            prompt=self.prompt,
            prompt_name=self.prompt_name,
            dimensions=self.dimensions,
            run=self.run,
        )
