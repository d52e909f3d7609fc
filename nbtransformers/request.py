"""What was asked for: one frozen dataclass a task, with no IPython, torch, DataFrame or model in it.

Data and models are references. A reference of kind `variable` names an entry of the `objects` that
travel beside the request while it runs, so that a request can be written to a file and read back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from nbtransformers.errors import UserError, did_you_mean, kind_of, shown

DataKind = Literal["lines", "whole", "variable", "file", "hub"]
ModelKind = Literal["bundled", "folder", "hub", "variable"]
LongText = Literal["truncate", "window", "error"]
DataType = Literal["auto", "float32", "float16", "bfloat16"]

LONG_TEXT: tuple[LongText, ...] = get_args(LongText)
DATA_TYPES: tuple[DataType, ...] = get_args(DataType)
DEVICES = ("auto", "cpu", "cuda", "mps")

_LINE_END = re.compile(r"\r\n|[\r\n]")


@dataclass(frozen=True, slots=True)
class DataRef:
    """Where the texts are.

    Attributes:
        kind: `lines` (the text itself, one row a line), `whole` (the text itself, one row), `variable`
            (the name of an entry of `objects`), `file` (a path) or `hub` (the id of a Hub dataset).
        value: the text, the name, the path or the id.
        column: the column of a table that holds the texts.
        encoding: how a text file is encoded, as Python names it; None guesses, and says the guess.
        split: the split of a dataset.
        subset: the configuration of a Hub dataset.
        revision: the branch, tag or commit of a Hub dataset.
    """

    kind: DataKind
    value: str
    column: str | None = None
    encoding: str | None = None
    split: str | None = None
    subset: str | None = None
    revision: str | None = None

    @property
    def texts(self) -> list[str]:
        """The texts that a reference holds itself, one a row; for kinds other than `lines` and `whole` there are none.

        Blank lines around the texts are layout; one between two texts is a row, so that rows match lines.
        """
        if self.kind == "whole":
            return [self.value.strip("\n")] if self.value.strip() else []
        if self.kind != "lines":
            return []
        # Not splitlines(), which also cuts at a form feed or U+2028, where an editor shows no new line.
        lines = _LINE_END.split(self.value)
        while lines and not lines[-1].strip():
            lines.pop()
        while lines and not lines[0].strip():
            lines.pop(0)
        return lines


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model: a bundled name, a local folder, a Hub id, or an entry of `objects`.

    Attributes:
        kind: where to look.
        name: the name, the path, the id, or the entry.
        revision: a Hub model's branch, tag or commit.
        allow_pickle: load pickled weights where there are no safetensors.
        trust_remote_code: run the code that comes with the model.
        allow_large: load it even if it does not seem to fit into memory.
        default_from: where it was set as a default, for a person; empty when it was given for this task.
    """

    kind: ModelKind
    name: str
    revision: str | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False
    allow_large: bool = False
    default_from: str = field(default="", compare=False)  # it is the same model, wherever it was named

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How the engine runs any task; `None` means that the engine chooses.

    Attributes:
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: `auto` is float32, but on CUDA the type the weights are stored in.
        batch_tokens: tokens in one batch, padding included; None finds it by a short probe.
        threads: CPU threads; None finds it by the same probe.
        max_length: tokens that the model may read of one text, special tokens included; None is the model's limit.
        long: what happens to a longer text: `truncate` reads its beginning, `window` reads it in
            overlapping windows and averages, `error` refuses it and ends the run.
    """

    device: str = "auto"
    dtype: DataType = "auto"
    batch_tokens: int | None = None
    threads: int | None = None
    max_length: int | None = None
    long: LongText = "truncate"

    def __post_init__(self) -> None:
        _one_of("device", self.device.split(":")[0] if _is_text(self.device) else self.device, DEVICES)
        _one_of("dtype", self.dtype, DATA_TYPES)
        _one_of("long", self.long, LONG_TEXT)
        _whole("batch-tokens", self.batch_tokens)
        _whole("threads", self.threads)
        _whole("max-length", self.max_length)


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Label every text with one model.

    Attributes:
        data: the texts.
        model: the classifier; with `labels`, an encoder or an NLI model. None is the bundled one.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        labels: zero-shot labels; None uses the labels the model was trained with.
        multi_label: score each label on its own; None follows the model.
        template: the sentence a zero-shot label is put into, with `{}` for the label.
        threshold: a label of a multi-label model is assigned at this score or above.
        top_k: how many labels are shown a row; None shows the best (or the assigned ones).
        run: how it runs.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> ClassifyRequest(data=DataRef("lines", "Good film."))
    """

    data: DataRef
    model: ModelRef | None = None
    tokenizer: str | None = None
    labels: tuple[str, ...] | None = None
    multi_label: bool | None = None
    template: str | None = None
    threshold: float = 0.5
    top_k: int | None = None
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        _whole("top-k", self.top_k)
        if self.multi_label not in (None, True, False):
            raise UserError(f"`--multi-label` is {shown(self.multi_label)}.", hint="Type `--multi-label True`.")
        if not isinstance(self.threshold, int | float) or not 0 <= self.threshold <= 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(
                f"The threshold is {shown(self.threshold)}.", hint="Type a number from 0 to 1: `--threshold 0.5`."
            )
        if self.labels is not None:
            _check_labels(self.labels)
        if self.template is not None:
            _check_template(self.template, self.labels)

    def to_json(self) -> str:
        """The request as one JSON object, for a file or another process."""
        return _json("classify", self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request that `to_json` wrote; validated again, since files are edited by hand."""
        fields: dict[str, Any] = json.loads(text)
        fields.pop("task", None)
        model, labels = fields.pop("model"), fields.pop("labels")
        return cls(
            data=DataRef(**fields.pop("data")),
            model=ModelRef(**model) if model else None,
            labels=tuple(labels) if labels else None,
            run=RunOptions(**fields.pop("run")),
            **fields,
        )


@dataclass(frozen=True, slots=True)
class TokenizeRequest:
    """Cut every text into tokens, with one tokenizer or with several side by side.

    Attributes:
        data: the texts.
        models: whose tokenizers; an entry of kind `variable` may name a tokenizer itself. Empty is the bundled one.
        special_tokens: whether to add the tokens that the model expects around a text.
        max_length: tokens that a text may have, special tokens included; None is the tokenizer's limit.
        batch_size: texts in the batch whose padding is shown; None takes the first 32.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> TokenizeRequest(data=DataRef("lines", "Good film."))
    """

    data: DataRef
    models: tuple[ModelRef, ...] = ()
    special_tokens: bool = True
    max_length: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        _whole("max-length", self.max_length)
        _whole("batch-size", self.batch_size)
        if self.special_tokens not in (True, False):  # such as "no", which is true
            raise UserError(f"`--special-tokens` is {shown(self.special_tokens)}.", hint="Type True or False.")
        if len(set(self.models)) < len(self.models):
            twice = next(model for model in self.models if self.models.count(model) > 1)
            raise UserError(f"The tokenizer {twice} is there twice.", hint="Remove one of them.")

    def to_json(self) -> str:
        """The request as one JSON object, for a file or another process."""
        return _json("tokenize", self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request that `to_json` wrote; validated again, since files are edited by hand."""
        fields: dict[str, Any] = json.loads(text)
        fields.pop("task", None)
        models = tuple(ModelRef(**model) for model in fields.pop("models"))
        return cls(data=DataRef(**fields.pop("data")), models=models, **fields)


Request = ClassifyRequest | TokenizeRequest

_LABELS_IN_PYTHON = 'Type `labels=["politics", "sport"]`.'

Objects = Mapping[str, Any]
"""The live objects that a request's `variable` references name."""


def parse_labels(labels: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Labels as the user gives them (`"a, b"` or a list) to a tuple.

    Raises:
        UserError: when a label is not text.
    """
    if labels is None:
        return None
    if not isinstance(labels, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"The labels are {shown(labels)}, {kind_of(labels)}.", hint=_LABELS_IN_PYTHON)
    parts = labels.split(",") if isinstance(labels, str) else list(labels)
    wrong = [part for part in parts if not isinstance(part, str)]
    if wrong:
        raise UserError(f"The label {shown(wrong[0])} is not text.", hint=_LABELS_IN_PYTHON)
    return tuple(part.strip() for part in parts)


def _json(task: str, request: ClassifyRequest | TokenizeRequest) -> str:
    text = json.dumps({"task": task, **asdict(request)}, ensure_ascii=False)
    # A lone surrogate is no UTF-8, and its backslash escape is also JSON's.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _check_labels(labels: tuple[str, ...]) -> None:
    example = "Type two or more: `--labels politics,sport,technology`."
    if any(not label for label in labels):
        raise UserError("One of the labels is empty.", hint=example)
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise UserError(f"The label {shown(twice)} is there twice.", hint="Remove one of them.")
    if len(labels) < 2:
        number = "is one label only" if labels else "are no labels"
        raise UserError(f"There {number}, and nothing to choose from.", hint=example)


def _check_template(template: str, labels: tuple[str, ...] | None) -> None:
    if labels is None:
        raise UserError("A template is for zero-shot labels, and there are none.", hint="Add `--labels a,b,c`.")
    if not _is_text(template) or template.count("{}") != 1:
        raise UserError(
            f"The template {shown(template)} needs one {{}} for the label.",
            hint='Type `--template "This text is about {}."`.',
        )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _one_of(option: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise UserError(
            f"There is no {option} {shown(value)}.", hint=did_you_mean(str(value), known, what=f"`--{option}` takes")
        )


def _whole(option: str, value: int | None) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type a whole number of 1 or more: `--{option} 1`.")
