"""What can stand at the cursor, as it is to be typed: in quotes where it needs them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST = 200
"""Suggestions at most: what nobody would read to the end; a folder may hold a million files."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What can stand there, and of which kind it is: the word that front ends show beside it."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of what is typed that is to be replaced, and by what."""

    typed: str
    suggestions: tuple[Suggestion, ...] = ()


def matching(typed: str, suggestions: Iterable[Suggestion], behind: str = "") -> Completed:
    """Those suggestions that go on from what is typed, in quotes where they need them."""
    quote = typed[:1] if typed[:1] in ("'", '"') else ""
    begun = typed[len(quote) :].casefold()
    found: dict[str, Suggestion] = {}
    for suggestion in suggestions:
        if suggestion.text.casefold().startswith(begun) and suggestion.text.isprintable():
            text = _written(suggestion, quote, behind)
            found.setdefault(text, Suggestion(text, suggestion.kind))
        if len(found) == MOST:
            break
    return Completed(typed, tuple(found.values()))


_NEEDS_QUOTES = re.compile(r"^-|[\s\"'()\[\]{};]")


def _written(suggestion: Suggestion, quote: str, behind: str) -> str:
    """A suggestion as it is to be typed; what the editor has closed already is not closed again."""
    text = suggestion.text
    braces = suggestion.kind == "variable" and text.startswith("{")
    if braces and behind.startswith("}"):
        return quote + text[:-1]
    plain = suggestion.kind == "option" or not _NEEDS_QUOTES.search(text)
    if not quote and (braces or plain):
        return text
    text = in_quotes(text, quote or '"')
    return text[:-1] if quote and behind.startswith(quote) else text


def in_quotes(text: str, quote: str = '"') -> str:
    """A value as the parser takes it back out of its quotes."""
    return quote + text.replace(quote, f"\\{quote}") + quote


def unquoted(text: str) -> str:
    """A value without its quotes, also when the last one has not been typed yet."""
    return text[1:].removesuffix(text[0]) if text[:1] in ("'", '"') else text
