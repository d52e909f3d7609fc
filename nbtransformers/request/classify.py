"""What `%%classify` is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request.checks import is_text, whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

_LABELS_IN_PYTHON = 'Type `labels=["politics", "sport"]`.'


@dataclass(frozen=True, slots=True)
class ClassifyRequest(Written):
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

    task: ClassVar[str] = "classify"

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
        whole("top-k", self.top_k)
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
    if not is_text(template) or template.count("{}") != 1:
        raise UserError(
            f"The template {shown(template)} needs one {{}} for the label.",
            hint='Type `--template "This text is about {}."`.',
        )
