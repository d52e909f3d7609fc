"""What is typed in a cell, as a panel of models or of datasets has it: its fields, its boxes and its button."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from nbtransformers.errors import UserError

ALLOWED: Mapping[str, str] = {
    "allow-pickle": "Load pickled weights",
    "trust-remote-code": "Run the code that comes with it",
}
"""What a reader may allow, by the option that does the same, and what stands beside its box."""

_FIELDS: Mapping[str, str] = {
    "search": "Search by name",
    "task": "Task",
    "sort": "Sort",
    "language": "Language",
    "library": "Library",
    "licence": "Licence",
    "max-size": "Size at most",
    "size": "Rows",
    "batch-size": "Texts at once",
    "length": "Tokens of each",
}
_OPTION = re.compile(r"`--([a-z-]+)(?:[ =]([^`]+))?`")
_ALLOWING = re.compile(rf"\b[Tt]ype `--({'|'.join(ALLOWED)})`")
_AGAIN = re.compile(r"\b(?:[Tt]ype|[Rr]un) the same again")


def spoken(text: str) -> str:
    """A sentence that says what to type, with what the panel has in its place; any other option stays as it is.

    Example:
        >>> spoken("`--batch-size` is 0. Type a whole number of 1 or more: `--batch-size 1`.")
        '“Texts at once” is 0. Type a whole number of 1 or more: `1`.'
        >>> spoken("Type the same again to go on.")
        'Press the button again to go on.'
    """

    def field(match: re.Match[str]) -> str:
        name = _FIELDS.get(match[1])
        return match[0] if name is None else f"“{name}”" if match[2] is None else f"`{match[2]}`"

    ticked = _ALLOWING.sub(lambda match: f"{'Tick' if match[0][0].isupper() else 'tick'} “{ALLOWED[match[1]]}”", text)
    pressed = _AGAIN.sub(lambda match: f"{'Press' if match[0][0].isupper() else 'press'} the button again", ticked)
    return _OPTION.sub(field, pressed)


@contextmanager
def in_words_of_the_panel() -> Generator[None]:
    """Errors in here say what to do in the panel, and not what to type."""
    try:
        yield
    except UserError as error:
        raise UserError(spoken(error.message), hint=error.hint and spoken(error.hint)) from error.__cause__
