"""What stands on the line of a magic around the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.magics.options import Option
from nbtransformers.magics.parse import is_option, scan
from nbtransformers.magics.suggestions import unquoted
from nbtransformers.magics.table import Magic


@dataclass(frozen=True, slots=True)
class Typed:
    """A magic's line around the cursor.

    Attributes:
        magic: which magic.
        cell: whether it is the line of a cell magic.
        words: the words before the one at the cursor.
        last: that word, up to the cursor.
        quote: the quotation mark that is open in it.
        behind: what stands behind the cursor.
        namespace: name to value.
        hidden: what the shell itself put into the namespace.
    """

    magic: Magic
    cell: bool
    words: tuple[str, ...]
    last: str
    quote: str
    behind: str
    namespace: Mapping[str, Any]
    hidden: Mapping[str, Any]

    @property
    def expression(self) -> str:
        """The expression of the whole line, but for the word at the cursor."""
        behind = scan(self.quote + self.behind)
        words = (*behind.words, behind.last)
        if not self.behind[:1].isspace():
            words = words[1:]  # the rest of the word at the cursor
        expressions = [given(part, self.magic.options).expression for part in (self.words, words)]
        return " ".join(filter(None, expressions))


@dataclass(frozen=True, slots=True)
class Given:
    """What some words of a line say; `waiting` is the option whose value comes next."""

    expression: str
    values: dict[str, str]
    waiting: Option | None


def given(words: Iterable[str], options: Sequence[Option]) -> Given:
    """The expression and the options among words that need not make sense yet."""
    expression: list[str] = []
    values: dict[str, str] = {}
    waiting: Option | None = None
    for word in words:
        if waiting is not None and not word.startswith("--"):
            values[waiting.name] = unquoted(word)
            waiting = None
        elif is_option(word):
            name, equals, value = word.partition("=")
            option = option_named(name, options)
            waiting = option if option is not None and option.metavar and not equals else None
            values[option.name if option else name] = unquoted(value)
        elif word:
            expression.append(word)
    return Given(" ".join(expression), values, waiting)


def option_named(name: str, options: Sequence[Option]) -> Option | None:
    """The option that is typed so; None where there is none."""
    return next((o for o in options if name in (f"--{o.name}", f"--{o.key}", f"-{o.short}")), None)
