"""What every public function has in common: a mistake is one line, and what to type is told in Python."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from nbtransformers.doors.options import DATA_HELP, HELP
from nbtransformers.errors import UserError, did_you_mean

P = ParamSpec("P")
R = TypeVar("R")


def door(function: Callable[P, R]) -> Callable[P, R]:
    """A public function: a wrong argument is told in one line, and what to type is told in Python.

    Arguments that it shares with others, `**options: Unpack[Options]`, are shown each by its name, in its signature
    and in its help, where its own docstring says `**options`; and so is what `data` may be. One that takes
    `**arguments: Any` knows itself which there are.
    """
    signature = _spelt_out(function)
    known = signature.parameters
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in known.values())

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            for name in kwargs:
                if name not in known and not takes_any:
                    raise UserError(
                        f"{function.__name__}() has no argument {name}.", hint=did_you_mean(name, known, what="It has")
                    )
            _check_arguments(function.__name__, signature, args, kwargs)
            return function(*args, **kwargs)
        except UserError as error:
            raise in_python(error) from error.__cause__

    call.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
    call.__doc__ = _help(function.__doc__ or "", signature)
    return call


def _spelt_out(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function, with each of the options that it shares in the place of `**options`."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if not parameters or parameters[-1].kind is not inspect.Parameter.VAR_KEYWORD:
        return signature
    options = get_type_hints(function)[parameters[-1].name]
    if options is Any:
        return signature
    shared = get_type_hints(get_args(options)[0])
    parameters.pop()
    given = {parameter.name for parameter in parameters}
    return signature.replace(parameters=[*parameters, *_keywords(shared, given)])


def _keywords(shared: dict[str, Any], given: set[str]) -> Iterator[inspect.Parameter]:
    for name, hint in shared.items():
        if name not in given:
            default = False if hint is bool else None
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


_SHARED = re.compile(r"^( *)\*\*options: .*$", re.MULTILINE)


def _help(text: str, signature: inspect.Signature) -> str:
    """A docstring with a line for each option that is shared, and with what `data` may be."""
    own = set(re.findall(r"^ +(\w+): ", text, re.MULTILINE))
    shared = [name for name in signature.parameters if name in HELP and name not in own]
    spelt = _SHARED.sub(lambda match: "\n".join(f"{match[1]}{name}: {HELP[name]}" for name in shared), text)
    return spelt.replace("{DATA}", DATA_HELP)


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
        literal = bare if re.fullmatch(r"[\d.]+(e-?\d+)?|True|False", bare) or name == "tokenizer" else f'"{bare}"'
        return f"`{name}={literal}`"

    hint = _OPTION.sub(as_argument, error.hint) if error.hint else None
    return UserError(_OPTION.sub(as_argument, error.message), hint=hint)
