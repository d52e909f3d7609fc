"""What a magic is to read, and where its result goes: the same for every magic."""

from __future__ import annotations

import keyword
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics.parse import ParsedLine, evaluate
from nbtransformers.request import DataRef, Objects


def data_of(
    parsed: ParsedLine, cell: str | None, values: dict[str, Any], namespace: dict[str, Any], magic: str
) -> tuple[DataRef, Objects]:
    """The reference to the texts, and the objects that it names; takes the input options out of `values`.

    Args:
        parsed: the line.
        cell: the body of the cell; None for a line magic.
        values: option key to value.
        namespace: where names are looked up.
        magic: its name, without `%`.

    Raises:
        UserError: when there is nothing to read, or two things.
    """
    whole, column = values.pop("whole", False), values.pop("column", None)
    if cell is not None:
        if parsed.expression:
            raise UserError(
                f"There are texts in the cell, and also {parsed.expression} on the line.",
                hint=f"Type `%{magic} {parsed.expression}`, or leave it out.",
            )
        if column is not None:
            raise UserError("`--column` is for tables, and a cell is none.", hint="Leave `--column` out.")
        return DataRef("whole" if whole else "lines", cell), {}
    if not parsed.expression:
        raise UserError(
            f"There is nothing to {magic}.", hint=f"Type `%{magic} VARIABLE`, or %%{magic} with texts in the cell."
        )
    if whole:
        raise UserError("`--whole` is for the text of a cell.", hint="Leave `--whole` out.")
    return DataRef("variable", parsed.expression, column), {parsed.expression: evaluate(parsed.expression, namespace)}


def variable_name(name: str | None) -> str | None:
    """The name that `--out` gives.

    Raises:
        UserError: when no variable can be called so.
    """
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UserError(f"`--out {name}` is no name for a variable.", hint="Type `--out result`.")
    return name
