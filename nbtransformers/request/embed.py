"""What `%%embed` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import is_text, one_of, whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

Pooling = Literal["mean", "cls", "lasttoken", "max", "mean_sqrt_len_tokens", "weightedmean"]
"""How a text's vector is made from those of its tokens, by the names of sentence-transformers."""

POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


@dataclass(frozen=True, slots=True)
class EmbedRequest(Written):
    """Embed every text with one model.

    Attributes:
        data: the texts.
        model: the encoder. None is the bundled one.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        pooling: how a text's vector is made from those of its tokens; None as the model declares.
        normalize: whether vectors are brought to length 1; None as the model declares.
        prompt: what is put before every text; None as the model declares.
        prompt_name: which of the model's own prompts to put there.
        dimensions: keep only so many numbers of each vector, for models that are trained for that; None keeps all.
        run: how it runs.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> EmbedRequest(data=DataRef("lines", "Good film."))
    """

    task: ClassVar[str] = "embed"

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    pooling: Pooling | None = None
    normalize: bool | None = None
    prompt: str | None = None
    prompt_name: str | None = None
    dimensions: int | None = None
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        check_embedding(self.pooling, self.prompt, self.prompt_name, self.dimensions)
        if self.normalize not in (None, True, False):  # such as "no", which is true
            raise UserError(f"`--normalize` is {shown(self.normalize)}.", hint="Type True or False.")


def check_embedding(pooling: str | None, prompt: str | None, prompt_name: str | None, dimensions: int | None) -> None:
    """Refuse what says nothing about how texts are embedded.

    Raises:
        UserError: for one of them that cannot be what it is.
    """
    if pooling is not None:
        one_of("pooling", pooling, POOLINGS)
    for option, value in (("prompt", prompt), ("prompt-name", prompt_name)):
        if value is not None and not is_text(value):
            raise UserError(f"`--{option}` is {shown(value)}, not text.", hint=f'Type `--{option} "query"`.')
    if prompt is not None and prompt_name is not None:
        raise UserError("There is a prompt, and also the name of one.", hint="Leave `--prompt-name` out.")
    whole("dimensions", dimensions)
