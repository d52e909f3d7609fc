"""What `%models` and `%models datasets` are asked for."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from nbtransformers.errors import UserError, did_you_mean, nearest, shown
from nbtransformers.request.checks import BYTES, number_with_unit, one_of, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

Sort = Literal["downloads", "date", "likes", "trending"]
SORTS: tuple[Sort, ...] = get_args(Sort)
ROWS = (
    *("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B"),
    *("1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T"),
)
"""How many rows a dataset has, in the Hub's words."""

TEXT_TASKS = (
    "text-classification",
    "token-classification",
    "question-answering",
    "zero-shot-classification",
    "fill-mask",
    "feature-extraction",
    "sentence-similarity",
    "text-generation",
    "summarization",
    "translation",
    "text-ranking",
    "table-question-answering",
)
"""The Hub's words for tasks of text."""

_BY_MAGIC: Mapping[str, str] = MappingProxyType(
    {
        "classify": "text-classification",
        "entities": "token-classification",
        "answer": "question-answering",
        "fill": "fill-mask",
        "embed": "feature-extraction",
        "similar": "sentence-similarity",
        "generate": "text-generation",
        "summarize": "summarization",
        "translate": "translation",
    }
)
_PARAMETERS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_BYTES = {f"{unit}B": nbytes for unit, nbytes in BYTES.items() if unit}  # a bare `B` is a billion parameters
_WORDS = re.compile(r"[\w ./-]{1,60}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*|multilingual|code", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model may be: at most so many parameters, or bytes of weights; the other is None."""

    parameters: int | None = None
    nbytes: int | None = None


def parse_size(text: str) -> Size:
    """`350M` or `1.5B` as parameters, `500MB` or `2GB` as bytes.

    Raises:
        UserError: when it is neither.

    Example:
        >>> parse_size("1.5B"), parse_size("2GB")
        (Size(parameters=1500000000, nbytes=None), Size(parameters=None, nbytes=2000000000))
    """
    number, unit = number_with_unit(text) or (0.0, "?")
    if unit in _PARAMETERS:
        return Size(parameters=round(number * _PARAMETERS[unit]))
    if unit in _BYTES:
        return Size(nbytes=round(number * _BYTES[unit]))
    raise UserError(
        f"`--max-size` is {shown(text)}.",
        hint="Give parameters, as `--max-size 350M` or `--max-size 1.5B`, or bytes of weights, as `--max-size 2GB`.",
    )


def hub_task(task: str) -> str:
    """The Hub's word for a task, which may also be given as the magic that does it.

    Raises:
        UserError: when it is neither.

    Example:
        >>> hub_task("classify")
        'text-classification'
    """
    plain = task.strip().lower().replace("_", "-").replace(" ", "-")
    if plain in _BY_MAGIC:
        return _BY_MAGIC[plain]
    if plain not in TEXT_TASKS:
        raise UserError(f"There is no task {shown(task)}.", hint=_other_task(task, plain))
    return plain


def _other_task(task: str, plain: str) -> str:
    """The task that may have been meant; else how a name is searched for, which it may be, and all tasks."""
    known = (*TEXT_TASKS, *_BY_MAGIC)
    if nearest(plain, known) is not None:
        return did_you_mean(plain, known)
    words = shlex.quote(task.strip()) if _WORDS.fullmatch(task) else "WORDS"
    return f"Type `--search {words}` for what has it in its name. {did_you_mean(plain, known, what='Tasks are')}"


@dataclass(frozen=True, slots=True)
class ModelsRequest:
    """Which models are to be listed.

    Attributes:
        task: the Hub's word for a task, such as `text-classification`, or a magic's name.
        search: words of the name.
        local_only: whether to leave the Hub out.
        language: a code, such as `en`, or `multilingual`.
        library: the library that made them, such as `transformers` or `sentence-transformers`.
        licence: as the Hub writes it, such as `apache-2.0`.
        max_size: parameters (`350M`) or bytes of weights (`2GB`) at most.
        sort: how those of the Hub are sorted: the most downloads, the latest change, the most likes, the trend.
        limit: how many of the Hub.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> ModelsRequest(task="classify", language="de").task
        'text-classification'
    """

    task: str | None = None
    search: str | None = None
    local_only: bool = False
    language: str | None = None
    library: str | None = None
    licence: str | None = None
    max_size: str | None = None
    sort: Sort = "downloads"
    limit: int = 30

    def __post_init__(self) -> None:
        _check_common(self)
        if self.library is not None:
            _text("library", self.library)
        if self.max_size is not None:
            parse_size(_text("max-size", self.max_size))

    @property
    def size(self) -> Size:
        """How large they may be."""
        return parse_size(self.max_size) if self.max_size is not None else Size()


@dataclass(frozen=True, slots=True)
class DatasetsRequest:
    """Which datasets of the Hub are to be listed.

    Attributes:
        search: words of the name.
        task: the Hub's word for what they are for, such as `text-classification`, or a magic's name.
        local_only: whether to leave the Hub out.
        language: a code, such as `en`, or `multilingual`.
        licence: as the Hub writes it.
        size: how many rows it has, in the Hub's words, such as `1K<n<10K`.
        sort: as for models.
        limit: how many of the Hub.

    Raises:
        UserError: when a field cannot be what it is.
    """

    search: str | None = None
    task: str | None = None
    local_only: bool = False
    language: str | None = None
    licence: str | None = None
    size: str | None = None
    sort: Sort = "downloads"
    limit: int = 30

    def __post_init__(self) -> None:
        _check_common(self)
        if self.size is not None:
            one_of("size", self.size, ROWS)


def _check_common(request: ModelsRequest | DatasetsRequest) -> None:
    if request.task is not None:
        object.__setattr__(request, "task", hub_task(_text("task", request.task)))
    for option in ("search", "licence", "language"):
        if getattr(request, option) is not None:
            _text(option, getattr(request, option))
    if request.language is not None and not _LANGUAGE.fullmatch(request.language):
        raise UserError(
            f"`--language` is {shown(request.language)}.",
            hint="Give a code: `--language en`, `--language zh`, or `--language multilingual`.",
        )
    one_of("sort", request.sort, SORTS)
    whole("limit", request.limit)


def _text(option: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Give text, or leave `--{option}` out.")
    return value
