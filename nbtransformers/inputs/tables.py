"""Tables to one column of texts: pandas and polars frames, and anything with `column_names`."""

from __future__ import annotations

import itertools
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown

_LOOKED_AT = 50  # rows; enough to see whether a column holds text


def is_table(value: Any) -> bool:
    """Whether a value has named columns that can be taken by `value[name]`."""
    return _names_attribute(value) is not None and not isinstance(value, type)


def column_names(table: Any) -> list[str]:
    """The names of a table's columns, as text."""
    attribute = _names_attribute(table)
    return [str(name) for name in getattr(table, attribute)] if attribute else []


def column_of(table: Any, column: str | None, name: str) -> Any:
    """One column of a table; without a name, the only one that holds text.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    known = column_names(table)
    if isinstance(getattr(table, "column_names", None), dict):
        splits = list(table)
        raise UserError(f"{name} has several splits: {', '.join(splits)}.", hint=f'Give one: `{name}["{splits[0]}"]`.')
    if column is None:
        column = _only_text_column(table, known, name)
    if column not in known:
        raise UserError(
            f"{name} has no column {shown(column)}.",
            hint=did_you_mean(column, known, what="It has"),
        )
    if known.count(column) > 1:
        raise UserError(f"{name} has {known.count(column)} columns called {column}.", hint="Rename one of them.")
    return table[_original(table, column)]


def _names_attribute(value: Any) -> str | None:
    for attribute in ("column_names", "columns"):
        names = getattr(value, attribute, None)
        if names is not None and not callable(names) and hasattr(value, "__getitem__"):
            return attribute
    return None


def _original(table: Any, column: str) -> Any:
    # A pandas column may be called 0: find it by the text that the user sees.
    attribute = _names_attribute(table) or "columns"
    return next(name for name in getattr(table, attribute) if str(name) == column)


def _only_text_column(table: Any, known: list[str], name: str) -> str:
    texts = [column for column in known if known.count(column) == 1 and _holds_text(table[_original(table, column)])]
    if len(texts) == 1:
        return texts[0]
    example = texts[0] if texts else (known[0] if known else "NAME")
    listed = ", ".join(texts or known) or "none"
    found = "text columns" if texts else "columns"
    raise UserError(
        f"Which column of {name} holds the texts? Its {found}: {listed}.", hint=f"Add `--column {example}`."
    )


def _holds_text(column: Any) -> bool:
    # Iterated, not sliced: a slice of a pandas column may go by its labels.
    values = itertools.islice(iter(column), _LOOKED_AT)
    return any(isinstance(value.as_py() if hasattr(value, "as_py") else value, str) for value in values)
