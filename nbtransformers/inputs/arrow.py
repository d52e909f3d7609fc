"""Arrow's protocols: tables and columns of any library that speaks them, without a copy."""

from __future__ import annotations

from typing import Any


def has_arrow(value: Any) -> bool:
    """Whether a live object hands out Arrow data."""
    return not isinstance(value, type) and (hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"))


def arrow_column(value: Any) -> Any:
    """A column of any library as a `ChunkedArray`; None when it cannot be had so."""
    import pyarrow as pa

    try:
        if hasattr(value, "__arrow_c_stream__"):
            return pa.chunked_array(value)
        return pa.chunked_array([pa.array(value)])
    except Exception:  # whatever the other library raises for objects of its own; there are other ways to read it
        return None


def arrow_reader(value: Any) -> Any:
    """A table of any library as a `RecordBatchReader`, to be read batch by batch; None for what is no table.

    A column of structs is handed out just as a table is, and is as good as one.
    """
    import pyarrow as pa

    if not has_arrow(value):
        if not hasattr(value, "__dataframe__"):
            return None
        from pyarrow.interchange import from_dataframe

        return from_dataframe(value).to_reader()
    try:
        if hasattr(value, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(value)
        batch = pa.record_batch(value)
    except Exception:  # a column, or what the other library cannot hand out
        return None
    return pa.RecordBatchReader.from_batches(batch.schema, [batch])


def column_read(reader: Any, column: str) -> Any:
    """One column of a table as a `ChunkedArray`; the others are let go batch by batch."""
    import pyarrow as pa

    kind = reader.schema.field(column).type
    return pa.chunked_array([batch.column(column) for batch in reader], kind)


def text_columns(schema: Any) -> list[str]:
    """The names of the columns whose values are text by their type."""
    return [field.name for field in schema if _is_text(field.type)]


def pylist(column: Any) -> list[Any]:
    """The values of a column; one that is no UTF-8, which Arrow does not look at by itself, stays bytes."""
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
