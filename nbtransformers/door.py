"""What every public function has in common: a mistake is one line, and what to type is told in Python."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from nbtransformers.errors import UserError, did_you_mean

P = ParamSpec("P")
R = TypeVar("R")


def door(function: Callable[P, R]) -> Callable[P, R]:
    """A public function: a wrong argument is told in one line, and what to type is told in Python."""
    signature = inspect.signature(function)
    known = signature.parameters

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            for name in kwargs:
                if name not in known:
                    raise UserError(
                        f"{function.__name__}() has no argument {name}.", hint=did_you_mean(name, known, what="It has")
                    )
            _check_arguments(function.__name__, signature, args, kwargs)
            return function(*args, **kwargs)
        except UserError as error:
            raise in_python(error) from error.__cause__

    return call


def _check_arguments(name: str, signature: inspect.Signature, args: Any, kwargs: Any) -> None:
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise UserError(f"{name}(): {error}.", hint=f"Type `help(nbtransformers.{name})`.") from error


_OPTION = re.compile(r"`--([a-z-]+)(?:[ =]([^`]+))?`")


def in_python(error: UserError) -> UserError:
    """The same error with options written as arguments: `--column review` as `column="review"`."""

    def as_argument(match: re.Match[str]) -> str:
        name, value = match[1].replace("-", "_"), match[2]
        if value is None:
            return f"`{name}`"
        bare = value.strip("\"'")
        literal = bare if re.fullmatch(r"[\d.]+|True|False", bare) or name == "tokenizer" else f'"{bare}"'
        return f"`{name}={literal}`"

    hint = _OPTION.sub(as_argument, error.hint) if error.hint else None
    return UserError(_OPTION.sub(as_argument, error.message), hint=hint)
