"""Whether a field of a request can be what it is."""

from __future__ import annotations

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
