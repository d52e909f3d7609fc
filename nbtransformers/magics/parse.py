"""A magic's line to an expression and option values. Nothing is run here but what stands in `{}`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, nearest, shown
from nbtransformers.magics.options import Option, converted

_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """What a line says.

    Attributes:
        expression: what is not an option, as it was typed.
        values: option key to value; an option that was not given is not in it.
    """

    expression: str
    values: dict[str, Any]


def parse_line(
    line: str, options: Sequence[Option], magic: str, namespace: Mapping[str, Any] | None = None
) -> ParsedLine:
    """Split a line into its expression and its options.

    Quotes around a value are stripped here, once. Spaces within quotes or brackets part nothing, so an
    expression may hold any Python. An option's value `{name}` is looked up in the namespace.

    Raises:
        UserError: for an unknown option, a missing or impossible value.

    Example:
        >>> parse_line("df[df.n > 3] --column review -k 2", CLASSIFY_OPTIONS, "%classify")
        ParsedLine(expression='df[df.n > 3]', values={'column': 'review', 'top_k': 2})
    """
    values: dict[str, Any] = {}
    rest: list[str] = []
    words = iter(_words(line.strip().removesuffix(";")))  # IPython's `;` says to print no value
    for word in words:
        if not is_option(word):
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        option = _find(name, options, magic)
        if option.key in values and not option.repeats:
            raise UserError(f"`--{option.name}` is there twice.", hint="Remove one of them.")
        if option.metavar is None:
            if equals:
                raise UserError(f"`--{option.name}` takes no value.", hint=f"Type `--{option.name}` alone.")
            values[option.key] = True
        else:
            given = _value(option, value if equals else next(words, None), namespace or {})
            values[option.key] = [*values.get(option.key, []), given] if option.repeats else given
    return ParsedLine(" ".join(rest), values)


@dataclass(frozen=True, slots=True)
class Scan:
    """A line, or the beginning of one, at its white space.

    Attributes:
        words: the words that have ended.
        last: the word that has not, as it was typed; empty after white space.
        quote: the quotation mark that is still open in it.
        closing: the brackets that would close those that are open in it.
    """

    words: tuple[str, ...]
    last: str
    quote: str
    closing: str


def scan(line: str) -> Scan:
    """Part a line at its white space, but not within quotes or brackets."""
    words: list[str] = []
    word, quote, closing, escaped = "", "", "", False
    for character in line:
        if quote:
            quote = "" if character == quote and not escaped else quote
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        elif character in _CLOSING:
            closing += _CLOSING[character]
        elif closing and character == closing[-1]:
            closing = closing[:-1]
        elif character.isspace() and not closing:
            if word:
                words.append(word)
            word = ""
            continue
        word += character
    return Scan(tuple(words), word, quote, closing)


def _words(line: str) -> Iterator[str]:
    """The words of a whole line."""
    found = scan(line.strip())
    if found.quote:
        raise UserError(
            f"A quotation mark {found.quote} is not closed.", hint=f"Add {found.quote} where the value ends."
        )
    yield from (*found.words, *filter(None, [found.last]))


def words_of(line: str) -> list[str]:
    """The words of a line that has no options of its own, without their quotes.

    Raises:
        UserError: when a quotation mark is not closed.
    """
    return [_unquoted(word) for word in _words(line)]


def is_option(word: str) -> bool:
    """Whether a word is an option's name; `-1` is Python."""
    return word.startswith("--") or (len(word) == 2 and word[0] == "-" and word[1].isalpha())


def _find(name: str, options: Sequence[Option], magic: str) -> Option:
    for option in options:
        if name in (f"--{option.name}", f"--{option.key}", f"-{option.short}"):
            return option
    names = [option.name for option in options]
    if name.startswith("--"):
        raise UserError(
            f"{magic} has no option {name}.", hint=did_you_mean(name[2:], names, what="It has", prefix="--")
        )
    shorts = ", ".join(f"-{option.short}" for option in options if option.short)
    raise UserError(f"{magic} has no option {name}.", hint=f"It has {shorts}; `{magic}?` lists all.")


def _value(option: Option, text: str | None, namespace: Mapping[str, Any]) -> Any:
    if text is None or text.startswith("--"):
        raise UserError(f"`--{option.name}` needs a value.", hint=f"Type `--{option.name} {option.metavar}`.")
    given = filled_in(_unquoted(text), namespace)
    if option.several and not isinstance(given, str):
        return given
    return converted(option, str(given))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace(f"\\{text[0]}", text[0])
    return text


def filled_in(text: str, namespace: Mapping[str, Any]) -> Any:
    """A value in which `{name}` stands for a variable, as elsewhere in IPython; a lone `{}` stays."""
    if not (text.startswith("{") and text.endswith("}")) or not text[1:-1].strip():
        return text
    return evaluate(text[1:-1], namespace)


def evaluate(expression: str, namespace: Mapping[str, Any], magic: str | None = None) -> Any:
    """The value of a user's expression.

    Args:
        expression: it, as it was typed.
        namespace: where names are looked up.
        magic: the name, without `%`, of the magic below which its value, texts, could be written instead.

    Raises:
        UserError: when it is no Python, or names a variable that does not exist, or fails.
    """
    try:
        code = compile(ast.parse(expression.strip(), mode="eval"), "<magic>", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UserError(
            f"{shown(expression)} is no Python expression.",
            hint=f"Give a variable or an expression{_or_below(magic, ' in the cell')}.",
        ) from error
    try:
        return eval(code, dict(namespace))
    except NameError as error:
        raise _unknown_variable(error, namespace, magic) from error
    except Exception as error:
        raise UserError(
            f"{shown(expression)} fails: {type(error).__name__}: {error}.", hint="Try it in a cell."
        ) from error


def _or_below(magic: str | None, where: str = "") -> str:
    return f", or write the texts{where} below %%{magic}" if magic else ""


def _unknown_variable(error: NameError, namespace: Mapping[str, Any], magic: str | None) -> UserError:
    known = [name for name in namespace if not name.startswith("_")]
    near = nearest(error.name or "", known)
    hint = f"Did you mean {near}?" if near else f"Run the cell that makes it{_or_below(magic)}."
    return UserError(f"There is no variable {error.name}.", hint=hint)
