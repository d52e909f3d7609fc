"""Tables to one column of texts: pandas-like frames, and tables of any library that speaks Arrow's protocol."""

from __future__ import annotations

import itertools
from typing import Any

from nbtransformers.inputs.arrow import arrow_reader, column_read, text_columns
from nbtransformers.inputs.columns import picked

_LOOKED_AT = 50  # rows; enough to see whether a column holds text


def is_table(value: Any) -> bool:
    """Whether a value has named columns."""
    if isinstance(value, type):
        return False
    return _names_attribute(value) is not None or (not hasattr(value, "iloc") and _is_arrow_table(value))


def column_names(table: Any) -> list[str]:
    """The names of a table's columns, as text."""
    attribute = _names_attribute(table)
    return [str(name) for name in getattr(table, attribute)] if attribute else []


def column_of(table: Any, column: str | None, name: str) -> Any:
    """One column of a table; without a name, the only one that holds text.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    reader = table_reader(table)
    if reader is not None:
        with reader:  # a database cannot be asked again while it waits to hand out the rest
            schema = reader.schema
            return column_read(reader, picked(column, schema.names, lambda: text_columns(schema), name))
    known = column_names(table)
    return table[original_name(table, picked(column, known, lambda: _with_text(table, known), name))]


def table_reader(table: Any) -> Any:
    """What reads a table by Arrow; None for one that is to be taken as it is."""
    # What is like pandas, since its rows have labels; and a frame of polars, which may hold Python objects that Arrow
    # knows nothing of.
    return None if hasattr(table, "iloc") or hasattr(table, "get_column") else arrow_reader(table)


def _names_attribute(value: Any) -> str | None:
    for attribute in ("column_names", "columns"):
        names = getattr(value, attribute, None)
        if names is not None and not callable(names) and hasattr(value, "__getitem__"):
            return attribute
    return None


def _is_arrow_table(value: Any) -> bool:
    reader = arrow_reader(value)
    if reader is None:
        return False
    reader.close()
    return True


def original_name(table: Any, column: str) -> Any:
    """A column's own name, by the text that the user sees: one of pandas may be called 0."""
    attribute = _names_attribute(table) or "columns"
    return next(name for name in getattr(table, attribute) if str(name) == column)


def _with_text(table: Any, known: list[str]) -> list[str]:
    return [column for column in known if known.count(column) == 1 and _holds_text(table[original_name(table, column)])]


def _holds_text(column: Any) -> bool:
    # Iterated, not sliced: a slice of a pandas column may go by its labels.
    return any(isinstance(value, str) for value in itertools.islice(iter(column), _LOOKED_AT))
