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


BYTES = {
    "": 1,
    **{letter: 1000**at for at, letter in enumerate("KMGT", 1)},
    **{f"{letter}I": 1024**at for at, letter in enumerate("KMGT", 1)},
}
"""The units of bytes, of 1,000 and of 1,024, without their `B`."""
_NUMBER = re.compile(r"(\d{1,30}(?:\.\d+)?)\s*([A-Z]*)")


def number_with_unit(text: str) -> tuple[float, str] | None:
    """A number above 0 and its unit, in capitals and perhaps empty; None when it is anything else.

    Example:
        >>> number_with_unit("1.5 Gb")
        (1.5, 'GB')
    """
    match = _NUMBER.fullmatch(text.strip().upper())
    return (float(match[1]), match[2]) if match is not None and float(match[1]) > 0 else None


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
    found = number_with_unit(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    unit = BYTES.get(found[1].removesuffix("B")) if found is not None else None
    if found is None or unit is None:
        raise UserError(
            f"`--{option}` is {shown(value)}, no size.", hint=f"Type a size with its unit: `--{option} 8GB`."
        )
    return int(found[0] * unit)
