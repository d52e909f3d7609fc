"""What a magic is to read, and where its result goes: the same for every magic."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.refs import data_ref, is_hub_name
from nbtransformers.inputs.suffixes import is_file, near_file, suffix_of
from nbtransformers.magics.parse import ParsedLine, evaluate
from nbtransformers.request import DataRef, Objects


def data_of(
    parsed: ParsedLine,
    cell: str | None,
    values: dict[str, Any],
    namespace: dict[str, Any],
    magic: str,
    doing: str | None = None,
    *,
    has_cell: bool = True,
) -> tuple[DataRef, Objects]:
    """The reference to the texts, and the objects that it names; takes the input options out of `values`.

    Args:
        parsed: the line.
        cell: the body of the cell; None for a line magic.
        values: option key to value.
        namespace: where names are looked up.
        magic: its name, without `%`.
        doing: what it does with texts, where its name is no verb.
        has_cell: whether texts can be written below it.

    Raises:
        UserError: when there is nothing to read, or two things.
    """
    whole = values.pop("whole", False)
    options = {option: values.pop(option) for option in _OF_DATA if option in values}
    expression = parsed.expression
    if cell is not None:
        if expression:
            raise UserError(
                f"There are texts in the cell, and also {expression} on the line.",
                hint=f"Type `%{magic} {expression}`, or leave it out.",
            )
        for option in options:
            raise UserError(
                f"`--{option}` is for {_OF_DATA[option]}, and a cell is none.", hint=f"Leave `--{option}` out."
            )
        return DataRef("whole" if whole else "lines", cell), {}
    if not expression:
        raise UserError(
            f"There is nothing to {doing or magic}.",
            hint=f"Type `%{magic} VARIABLE`, `%{magic} FILE`, or %%{magic} with texts in the cell.",
        )
    if whole:
        raise UserError("`--whole` is for the text of a cell.", hint="Leave `--whole` out.")
    if is_hub_name(expression):
        return data_ref(expression, **options)
    return data_ref(meant(expression, namespace, magic if has_cell else None), **options, name=expression)


def prompts_of(
    parsed: ParsedLine, cell: str | None, values: dict[str, Any], namespace: dict[str, Any], magic: str
) -> tuple[DataRef, Objects]:
    """As `data_of`, for a magic to which a cell is one text, unless `--lines` says otherwise.

    Raises:
        UserError: also when `--lines` is there and no cell.
    """
    lines = values.pop("lines", False)
    if cell is None and lines:
        raise UserError("`--lines` is for the text of a cell.", hint="Leave `--lines` out.")
    if cell is not None and not lines and not cell.strip() and not parsed.expression:
        what = "prompt" if magic == "generate" else "text"
        raise UserError("The cell holds no text.", hint=f"Write a {what} below the magic.")
    return data_of(parsed, cell, {**values, "whole": not lines} if cell is not None else values, namespace, magic)


_PATH = re.compile(r"\.{0,2}/|~/|[a-z][a-z0-9+]+://")  # what begins so can be nothing else
_OF_DATA = {"column": "tables", "encoding": "text files", "split": "datasets", "subset": "datasets of the Hub"}


def meant(expression: str, namespace: dict[str, Any], magic: str | None = None) -> Any:
    """What an expression names: a file, as a `Path`, or its value. A variable wins over a file of the same name."""
    literal = _literal(expression)
    if literal is not None:
        return Path(literal) if _is_meant_as_file(literal) else literal
    if not _is_known(expression, namespace):
        return Path(expression) if _may_be_file(expression) else evaluate(expression, namespace, magic)
    try:
        return evaluate(expression, namespace, magic)
    except UserError:
        if suffix_of(expression) and is_file(expression):
            return Path(expression)
        raise


def _is_meant_as_file(text: str) -> bool:
    """Whether a quoted text is the name of a file: one that is there, or nearly, or one word that ends so."""
    return suffix_of(text) is not None and (is_file(text) or len(text.split()) == 1 or near_file(text) is not None)


def _may_be_file(expression: str) -> bool:
    """Whether what names no variable is the name of a file, be it there or not."""
    if is_file(expression):
        return True
    if any(character in expression for character in "()[]{}'\"=,"):  # Python with a slip in it
        return False
    dotted = "." in expression and near_file(expression) is not None
    return suffix_of(expression) is not None or _PATH.match(expression) is not None or dotted


def _literal(expression: str) -> str | None:
    try:
        value = ast.literal_eval(expression)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _is_known(expression: str, namespace: dict[str, Any]) -> bool:
    """Whether an expression is Python, all of whose names are there."""
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return all(name in namespace or hasattr(builtins, name) for name in names)


def variable_name(name: str | None) -> str | None:
    """The name that `--out` gives.

    Raises:
        UserError: when no variable can be called so.
    """
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UserError(f"`--out {name}` is no name for a variable.", hint="Type `--out result`.")
    return name
