"""What `%%explain` is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast, get_args

from nbtransformers.errors import UserError, did_you_mean, kind_of, shown
from nbtransformers.request.checks import is_text, one_of, whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.run import RunOptions
from nbtransformers.request.written import Written

Method = Literal["integrated_gradients", "input_x_gradient", "occlusion"]
Baseline = Literal["pad", "mask", "zero", "remove"]

METHODS: tuple[Method, ...] = get_args(Method)
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
USED_BY: dict[Literal["baseline", "steps"], tuple[Method, ...]] = {
    "baseline": ("integrated_gradients", "occlusion"),
    "steps": ("integrated_gradients",),
}
"""The methods that an option is for."""


@dataclass(frozen=True, slots=True)
class ExplainRequest(Written):
    """Say how much each token of a text speaks for, or against, one prediction of a model.

    Attributes:
        data: the text, one.
        target: the prediction: a label by its name or number, a token, or a piece of the text, as the model has them;
            None is what the model predicts.
        methods: how to attribute, the first one the result's own; several are compared.
        pair: a second text that the model reads behind it, as one input; None for none.
        question: of a model for question answering, what the text is to answer; None for none.
        baseline: what a token is compared with: a pad or a mask token, a vector of zeros, or (for occlusion alone)
            nothing in its place; None lets each method choose, and has to stand where none of them compares.
        steps: of integrated gradients, points on the way from the baseline to the text; None takes more and more until
            the completeness gap is within 1%.
        model: the model; None is the bundled sentiment model.
        tokenizer: an entry of `objects`, when an in-memory model comes without its own.
        run: how it runs; unless it says otherwise, a text that is longer than the model reads is refused.

    Raises:
        UserError: when a field cannot be what it is.

    Example:
        >>> ExplainRequest(DataRef("whole", "A joy from start to end."), target="positive")
    """

    task: ClassVar[str] = "explain"

    data: DataRef
    target: str | None = None
    methods: tuple[Method, ...] = ("integrated_gradients",)
    pair: str | None = None
    question: str | None = None
    baseline: Baseline | None = None
    steps: int | None = None
    model: ModelRef | None = None
    tokenizer: str | None = None
    run: RunOptions = field(default_factory=lambda: RunOptions(long="error"))

    def __post_init__(self) -> None:
        for option in ("target", "pair", "question"):
            _check_text(option, getattr(self, option))
        if self.pair is not None and self.question is not None:
            raise UserError("There is a question, and also `--pair`.", hint="Leave one of the two out.")
        parse_methods(self.methods)
        if self.baseline is not None:
            one_of("baseline", self.baseline, BASELINES)
        if self.baseline == "remove" and any(method != "occlusion" for method in self.methods):
            raise UserError(
                "`--baseline remove` is for occlusion alone: a gradient needs something in the place of a token.",
                hint="Type `--method occlusion`, or leave `--baseline` out.",
            )
        whole("steps", self.steps)
        for option, used_by in USED_BY.items():
            if getattr(self, option) is not None and not set(used_by) & set(self.methods):
                raise UserError(
                    f"`--{option}` does nothing for {' and '.join(self.methods)}.",
                    hint=f"Leave it out, or type `--method {used_by[0]}`.",
                )
        if self.run.long == "window":
            raise UserError(
                "`--long window` reads a text in pieces, and a prediction is explained in one reading.",
                hint="Type `--long truncate` to explain what is read of its beginning.",
            )


def parse_methods(methods: str | Iterable[str] | None) -> tuple[Method, ...]:
    """Methods as the user gives them (`"occlusion, input_x_gradient"` or a list) to a tuple.

    Raises:
        UserError: when there is none, or one is unknown or there twice.
    """
    if methods is None:
        return ("integrated_gradients",)
    if not isinstance(methods, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"The method is {shown(methods)}, {kind_of(methods)}.", hint=_EXAMPLE)
    given = methods.split(",") if isinstance(methods, str) else list(methods)
    parts = [part.strip().lower().replace("-", "_") if is_text(part) else part for part in given]
    for part in parts:
        if not is_text(part) or part not in METHODS:
            hint = did_you_mean(str(part), METHODS, what="`--method` takes")
            raise UserError(f"There is no method {shown(part)}.", hint=hint)
    if not parts:
        raise UserError("There is no method.", hint=_EXAMPLE)
    if len(set(parts)) < len(parts):
        twice = next(part for part in parts if parts.count(part) > 1)
        raise UserError(f"The method {shown(twice)} is there twice.", hint="Remove one of them.")
    return cast("tuple[Method, ...]", tuple(parts))


_EXAMPLE = "Type `--method integrated_gradients`, or several: `--method integrated_gradients,occlusion`."


def _check_text(option: str, value: object) -> None:
    if value is None:
        return
    if not is_text(value):
        raise UserError(f"`--{option}` is {shown(value)}, {kind_of(value)}.", hint=f'Type `--{option} "a text"`.')
    if not str(value).strip():
        raise UserError(f"`--{option}` is empty.", hint="Give it a text, or leave it out.")
