"""Values as Python literals, laid out as `ruff format` lays them out.

Whatever a text holds, its literal is printable, is one string, and gives the text back: a program cannot be broken
by the texts, labels and names that are written into it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from nbtransformers.errors import UserError, shown

LINE = 100  # columns
INDENT = " " * 4

_BRIEF = 42  # characters: a commit in quotes
_SHORT = LINE // 2  # characters; a line this short fits whatever their width is taken to be


def literal(text: str) -> str:
    """A text as a string literal, in double quotes unless single ones need fewer escapes.

    Example:
        >>> print(literal('say "ah"'), literal("it's"), literal("two\\nlines"))
        'say "ah"' "it's" "two\\nlines"
    """
    # The mark in front makes repr choose single quotes, so that it is known which quotes it has escaped.
    body = repr('"' + text)[2:-1].replace("\\'", "'")
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + body.replace(quote, f"\\{quote}") + quote


def inline(text: str) -> str:
    """A literal for the middle of a line: in ASCII where the width of a character is in doubt."""
    return literal(text) if _is_sure(literal(text)) else _in_ascii(text)


def plain(value: Any) -> str:
    """A plain value for the middle of a line, a text as `inline` has it; so too in a list or a dict."""
    if isinstance(value, list):
        return f"[{', '.join(map(plain, cast('list[Any]', value)))}]"
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return f"{{{', '.join(f'{plain(name)}: {plain(inner)}' for name, inner in pairs)}}}"
    return inline(value) if isinstance(value, str) else repr(value)


def _in_ascii(text: str) -> str:
    return literal(text).encode("ascii", "backslashreplace").decode("ascii")


def brief(name: str, text: str) -> tuple[list[str], str]:
    """A text for the middle of a line: lines before that line, and what stands in it.

    A long one gets a line of its own, so that the other stays within a line's length.
    """
    written = inline(text)
    return ([], written) if len(written) <= _BRIEF else (assigned(name, text), name)


def assigned(name: str, text: str) -> list[str]:
    """The lines of `name = "text"`."""
    sure = _is_sure(literal(text)) or len(name) + 3 + len(literal(text)) <= _SHORT
    write = literal if sure else _in_ascii
    line = f"{name} = {write(text)}"
    if width(line) <= LINE:
        return [line]
    whole = width(write(text)) + len(INDENT) <= LINE
    pieces = [write(text)] if whole else _pieces(text, LINE - len(INDENT), write)
    return [f"{name} = (", *(INDENT + piece for piece in pieces), ")"]


def listed(name: str, texts: Sequence[str | None], *, one_line: bool = True) -> list[str]:
    """The lines of `name = ["a text", None, …]`: one line when it may be one and fits, else a line for each text."""
    line = f"{name} = [{', '.join('None' if text is None else literal(text) for text in texts)}]"
    if not texts or (one_line and (len(line) <= _SHORT or (_is_sure(line) and width(line) <= LINE))):
        return [line]
    return [f"{name} = [", *(INDENT + part for text in texts for part in _element(text)), "]"]


def _element(text: str | None) -> list[str]:
    if text is None:
        return ["None,"]
    written = literal(text)
    if len(INDENT) + _least_width(written) + 1 <= LINE:
        return [f"{written},"]
    # In brackets, so that nobody looks for the comma between the pieces.
    return ["(", *(INDENT + piece for piece in _pieces(text, LINE - 2 * len(INDENT))), "),"]


def expression(text: str) -> str:
    """A user's expression as one line of Python, with nothing beside it: no second statement, no comment.

    Raises:
        UserError: when it is none.

    Example:
        >>> expression("df[df.lang=='en'] # mine")
        'df[df.lang == "en"]'
    """
    try:
        plain = ast.unparse(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UserError(
            f"{shown(text)} is no Python expression.", hint="Give the result of a run: `nbt.code(result)`."
        ) from error
    return "".join(_in_our_quotes(plain))


def _in_our_quotes(code: str) -> Iterator[str]:
    """The parts of one line of code, its strings written as ours are; those with a prefix stay as they are."""
    at, depth = 0, 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = tokenize.tok_name[token.type]
        depth += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if kind == "STRING" and token.string[0] in "'\"" and not depth:
            yield code[at : token.start[1]] + literal(ast.literal_eval(token.string))
            at = token.end[1]
    yield code[at:]


def _pieces(text: str, columns: int, write: Callable[[str], str] = literal) -> list[str]:
    """Literals that stand for a text one after another, each of so many columns at most, cut at spaces."""
    pieces: list[str] = []
    piece = ""
    for word in re.findall(r"[^ \n]+[ \n]?|[ \n]", text):
        for part in _cut(word, columns, write):
            if piece and (width(write(piece + part)) > columns or piece.endswith("\n")):
                pieces.append(write(piece))
                piece = ""
            piece += part
    return [*pieces, write(piece)]


def _cut(word: str, columns: int, write: Callable[[str], str]) -> Iterator[str]:
    """A word in parts that fit, for words such as a page of Chinese."""
    step = len(word) if width(write(word)) <= columns else columns // 10 - 1  # an escape has ten columns at most
    yield from (word[at : at + step] for at in range(0, len(word), step))


# --- how wide a line is; the formatter counts the characters one by one ---


def width(line: str) -> int:
    """Columns of a line whose characters' widths are all sure."""
    return sum(map(_columns, line))


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_sure(line: str) -> bool:
    return line.isascii() or all(map(_has_sure_width, line))


def _has_sure_width(character: str) -> bool:
    # Marks take no column, some letters join, and versions of Unicode differ on symbols.
    category = unicodedata.category(character)
    if unicodedata.east_asian_width(character) in "WF":
        return category in {"Lo", "Po", "Ps", "Pe"}
    return character.isascii() or category in {"Lu", "Ll", "Pd", "Pi", "Pf"}


def _least_width(line: str) -> int:
    return width(line) if _is_sure(line) else sum(_columns(c) for c in line if _has_sure_width(c))
