"""How a model that writes chooses its tokens: the options of `GenerationConfig`, and what each of them may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.request.checks import whole

EarlyStopping = bool | Literal["never"]

DRAWING = ("temperature", "top_k", "top_p", "min_p", "typical_p")
"""The options that say how to draw a token, so that each of them has tokens drawn."""
SEARCHING = ("length_penalty", "early_stopping")
"""The options that only a beam search heeds."""


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How tokens are chosen, by the names of `GenerationConfig`; None leaves an option to the model's own settings.

    Attributes:
        max_new_tokens: new tokens of a row at most; None is as many as the task says, or `min_new_tokens` if that is
            more.
        min_new_tokens: as many at least.
        do_sample: draw each token, or take the likeliest; None draws when one of the next five is given, and else does
            as the model's own settings say.
        temperature: above 0; below 1 the likely tokens become likelier, above 1 less so.
        top_k: draw among so many of the likeliest tokens; 0 is among all.
        top_p: draw among the likeliest that together are as likely as this, above 0 and up to 1.
        min_p: draw among those that are this share as likely as the likeliest, from 0 to 1.
        typical_p: draw among the most typical ones that together are as likely as this, above 0 and up to 1.
        repetition_penalty: above 0; above 1 a token that was there becomes less likely.
        no_repeat_ngram_size: no so many tokens in a row come twice; 0 lets them.
        num_beams: texts that are followed at once; above 1 the likeliest of them is the result.
        length_penalty: of a beam search; above 0 prefers long texts, below 0 short ones.
        early_stopping: of a beam search: whether it ends with the first so many texts, or "never" before none can win.
        seed: row `i` is drawn by the random numbers that begin with seed + i: the same request gives the same texts.
        stop_strings: a text ends once it holds one of them.

    Raises:
        UserError: when one of them cannot be what it is, or two cannot go together.
    """

    max_new_tokens: int | None = None
    min_new_tokens: int | None = None
    do_sample: bool | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    num_beams: int | None = None
    length_penalty: float | None = None
    early_stopping: EarlyStopping | None = None
    seed: int = 0
    stop_strings: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "stop_strings", parse_stop_strings(self.stop_strings))
        for option in ("max_new_tokens", "min_new_tokens", "num_beams"):
            whole(_typed(option), getattr(self, option))
        for option in ("top_k", "no_repeat_ngram_size", "seed"):
            _none_or_more(option, getattr(self, option))
        for option, check, range_, example in _RANGES:
            _within(option, getattr(self, option), check, range_, example)
        if self.do_sample not in (None, True, False):
            raise UserError(f"`--do-sample` is {shown(self.do_sample)}.", hint="Type True or False.")
        if self.early_stopping not in (None, True, False, "never"):
            raise UserError(f"`--early-stopping` is {shown(self.early_stopping)}.", hint='Type True, False or "never".')
        self._check_together()

    def _check_together(self) -> None:
        most, least = self.max_new_tokens, self.min_new_tokens
        if most is not None and least is not None and least > most:
            raise UserError(
                f"`--min-new-tokens` is {least:,}, and `--max-new-tokens` {most:,}.",
                hint=f"Type `--max-new-tokens {least}`, or more.",
            )
        beams = self.num_beams is not None and self.num_beams > 1
        drawn = next((option for option in DRAWING if getattr(self, option) is not None), None)
        if self.do_sample is False and drawn is not None:
            raise UserError(
                f"`--{_typed(drawn)}` says how to draw tokens, and do_sample=False draws none.", hint="Leave one out."
            )
        if beams and (self.do_sample or drawn is not None):
            raise UserError(
                f"`--num-beams` looks for the likeliest text, and `--{_typed(drawn or 'do_sample')}` draws one.",
                hint="Leave one of them out.",
            )
        for option in SEARCHING:
            if self.num_beams == 1 and getattr(self, option) is not None:
                raise UserError(f"`--{_typed(option)}` is for a beam search.", hint="Add `--num-beams 4`.")

    def most(self, expected: int) -> int:
        """New tokens of a row at most, of a task that expects so many where nobody says."""
        return self.max_new_tokens or max(expected, self.min_new_tokens or 0)

    @property
    def given(self) -> dict[str, Any]:
        """The fields of `GenerationConfig` that are set."""
        skipped = ("max_new_tokens", "seed", "stop_strings")
        values = {name: getattr(self, name) for name in self.__slots__ if name not in skipped}
        given = {name: value for name, value in values.items() if value is not None}
        if any(option in given for option in DRAWING):
            given["do_sample"] = True
        return given


def parse_stop_strings(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    r"""Stop strings as the user gives them, one or a list, to a tuple.

    Raises:
        UserError: when one is empty, or no text.
    """
    if given is None:
        return None
    if not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"The stop strings are {shown(given)}, {kind_of(given)}.", hint='Type `--stop-strings "END"`.')
    strings = (given,) if isinstance(given, str) else tuple(given)
    for string in strings:
        if not isinstance(string, str) or not string:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"The stop string {shown(string)} is no text.", hint='Type `--stop-strings "END"`.')
    return strings or None


Check = Callable[[float], bool]

_SHARE = "a number above 0 and up to 1"
_RANGES: tuple[tuple[str, Check, str, str], ...] = (
    ("top_p", lambda value: 0 < value <= 1, _SHARE, "0.9"),
    ("typical_p", lambda value: 0 < value <= 1, _SHARE, "0.9"),
    ("min_p", lambda value: 0 <= value <= 1, "a number from 0 to 1", "0.1"),
    ("repetition_penalty", lambda value: value > 0, "a number above 0", "1.2"),
    ("length_penalty", math.isfinite, "a number", "1.0"),
    ("temperature", lambda value: value > 0, "a number above 0", "0.7"),
)


def _within(option: str, value: object, check: Check, range_: str, example: str) -> None:
    if value is None:
        return
    name = _typed(option)
    if option == "temperature" and value == 0 and not isinstance(value, bool):
        raise UserError(
            "`--temperature` is 0, and so no token would be drawn.",
            hint="Leave it and `--do-sample` out for the likeliest tokens, or type `--temperature 0.7`.",
        )
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(cast("float", value)) or not check(cast("float", value)):
        raise UserError(f"`--{name}` is {shown(value)}.", hint=f"Type {range_}: `--{name} {example}`.")


def _none_or_more(option: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        name = _typed(option)
        raise UserError(f"`--{name}` is {shown(value)}.", hint=f"Type a whole number of 0 or more: `--{name} 1`.")


def _typed(option: str) -> str:
    return option.replace("_", "-")
