"""Whether a field of a request can be what it is."""

from __future__ import annotations

import re

from nbtransformers.errors import UserError, did_you_mean, shown


def is_text(value: object) -> bool:
    """Whether it is text; untyped callers hand over anything."""
    return isinstance(value, str)


def one_of(option: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse what is none of the values that an option takes."""
    if not isinstance(value, str) or value not in known:
        raise UserError(
            f"There is no {option} {shown(value)}.", hint=did_you_mean(str(value), known, what=f"`--{option}` takes")
        )


def whole(option: str, value: int | None) -> None:
    """Refuse what is no whole number of 1 or more; None is fine."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type a whole number of 1 or more: `--{option} 1`.")


_UNITS = {"": 1, **{letter: 1000**at for at, letter in enumerate("KMGT", 1)}}
_BINARY = {f"{letter}I": 1024**at for at, letter in enumerate("KMGT", 1)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?")


def byte_size(option: str, value: object) -> int | None:
    """The bytes of a size as a person writes it: a number, or one with a unit of 1,000 or of 1,024; None is None.

    Raises:
        UserError: when it is no size.

    Example:
        >>> byte_size("memory-budget", "8GB"), byte_size("memory-budget", "512 MiB"), byte_size("memory-budget", 1000)
        (8000000000, 536870912, 1000)
    """
    if value is None:
        return None
    match = _SIZE.fullmatch(str(value).strip().upper()) if isinstance(value, int | str) else None
    unit = (_UNITS | _BINARY).get(match[2]) if match is not None else None
    if match is None or unit is None or isinstance(value, bool) or float(match[1]) == 0:
        raise UserError(
            f"`--{option}` is {shown(value)}, no size.", hint=f"Type a size with its unit: `--{option} 8GB`."
        )
    return int(float(match[1]) * unit)
