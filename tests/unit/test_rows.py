"""Whatever holds texts becomes rows, each in its place."""

from __future__ import annotations

import datetime
import decimal
from collections import deque
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, read
from nbtransformers.inputs.tables import column_of, is_table
from nbtransformers.inputs.values import reason_for_no_text
from nbtransformers.request import DataRef

TEXTS = ["one", "two", "three"]


def rows(value: Any, column: str | None = None) -> Rows:
    return read(DataRef("variable", "data", column), {"data": value})


def texts(found: Rows, size: int = 2) -> list[str | None]:
    return [text for window in found.windows(size) for text in window.texts]


def reasons(found: Rows, size: int = 2) -> dict[int, str]:
    return {window.start + row: why for window in found.windows(size) for row, why in window.reasons.items()}


HOLDERS: dict[str, Any] = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "generator": (text for text in TEXTS),
    "iterator": iter(TEXTS),
    "map": map(str, TEXTS),
    "deque": deque(TEXTS),
    "dict values": dict.fromkeys(TEXTS).keys(),
    "Series": pd.Series(TEXTS),
    "Series of objects": pd.Series(TEXTS, dtype=object),
    "Series of categories": pd.Series(TEXTS, dtype="category"),
    "Index": pd.Index(TEXTS),
    "Categorical": pd.Categorical(TEXTS),
    "pandas array": pd.array(TEXTS),
    "numpy": np.array(TEXTS),
    "numpy objects": np.array(TEXTS, dtype=object),
    "numpy strings": np.array(TEXTS, dtype=np.dtypes.StringDType()),
    "polars": pl.Series(TEXTS),
    "polars categories": pl.Series(TEXTS, dtype=pl.Categorical),
}
TABLES: dict[str, Any] = {
    "pandas": pd.DataFrame({"n": [1, 2, 3], "text": TEXTS}),
    "polars": pl.DataFrame({"n": [1, 2, 3], "text": TEXTS}),
    "pandas, a leading gap": pd.DataFrame({"n": [1, 2, 3, 4], "text": [None, *TEXTS]}).iloc[1:],
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_every_kind_of_sequence_is_read(kind: str) -> None:
    assert texts(rows(HOLDERS[kind])) == TEXTS


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("column", [None, "text"])
def test_a_table_is_read_by_its_text_column(kind: str, column: str | None) -> None:
    assert texts(rows(TABLES[kind], column)) == TEXTS


def test_a_dataset_is_read() -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict({"n": [1, 2, 3], "text": TEXTS})
    assert texts(rows(made)) == texts(rows(made, "text")) == texts(rows(made["text"])) == TEXTS


def test_a_single_text_is_one_row() -> None:
    assert texts(rows("one\ntwo")) == ["one\ntwo"]


def test_a_dict_keeps_its_keys_as_the_index() -> None:
    found = rows({"x": "one", 5: "two", None: "three"})
    assert (texts(found), list(found.index)) == (TEXTS, ["x", 5, None])


INDEXES: dict[str, Any] = {
    "from 10": pd.RangeIndex(10, 13),
    "backwards": pd.Index([2, 1, 0]),
    "twice the same": pd.Index(["a", "a", "b"]),
    "two levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
    "days": pd.date_range("2026-01-01", periods=3),
    "days in a zone": pd.date_range("2026-01-01", periods=3, tz="Asia/Shanghai"),
    "mixed": pd.Index(["a", 2, None], dtype=object),
    "gaps": pd.Index([np.nan, 1.0, np.nan]),
    "categories": pd.CategoricalIndex(["x", "y", "x"]),
    "spans": pd.interval_range(0, 3),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_any_index_is_kept_and_moves_no_row(kind: str) -> None:
    index = INDEXES[kind]
    series = pd.Series(TEXTS, index=index, name="text")
    for found in (rows(series), rows(series.to_frame()), rows(series.to_frame().assign(n=1), "text")):
        assert texts(found) == TEXTS
        pd.testing.assert_index_equal(found.index, index)


def test_a_filtered_table_keeps_what_is_left_of_its_index() -> None:
    table = pd.DataFrame({"text": TEXTS}, index=[30, 10, 20]).sort_index().query("text != 'two'")
    found = rows(table)
    assert (texts(found), list(found.index)) == (["three", "one"], [20, 30])


NO_TEXT: list[tuple[object, str | None]] = [
    ("a", None),
    ("\u200b", None),  # a zero-width space is a character, and no white space
    ("", "empty"),
    (" \t\n\u00a0\u3000", "empty"),
    (None, "missing"),
    (float("nan"), "missing"),
    (np.float64("nan"), "missing"),
    (np.float32("nan"), "missing"),
    (np.float16("nan"), "missing"),
    (pd.NA, "missing"),
    (pd.NaT, "missing"),
    (0, "not text (int)"),
    (0.0, "not text (float)"),
    (np.float32(1), "not text (float32)"),
    (float("inf"), "not text (float)"),
    (True, "not text (bool)"),
    (b"bytes", "not text (bytes)"),
    (["a"], "not text (list)"),
    ({}, "not text (dict)"),
    (np.zeros(3), "not text (ndarray)"),
    (pd.Series(["a"]), "not text (Series)"),
    (decimal.Decimal("1"), "not text (Decimal)"),
    (decimal.Decimal("sNaN"), "not text (Decimal)"),
    (datetime.date(2026, 1, 1), "not text (date)"),
    (np.datetime64("NaT"), "not text (datetime64)"),
    (np.str_("a"), None),
    ("\ud800", "not valid Unicode (a lone surrogate)"),
    ("fine until \udfff here", "not valid Unicode (a lone surrogate)"),
    ("\U0001f600", None),
]


@pytest.mark.parametrize(("value", "reason"), NO_TEXT, ids=[repr(value)[:30] for value, _ in NO_TEXT])
def test_a_value_has_its_reason(value: object, reason: str | None) -> None:
    assert reason_for_no_text(value) == reason
    found = rows(["before", value, "after"])
    assert reasons(found) == ({} if reason is None else {1: reason})
    assert texts(found)[::2] == ["before", "after"]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["a", None, "b"]),
        pd.Series(["a", None, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype=object),
        pd.Series(["a", None, "b"], dtype="category"),
        pl.Series(["a", None, "b"]),
        pd.DataFrame({"text": ["a", None, "b"], "n": 1}),
        pl.DataFrame({"text": ["a", None, "b"], "n": [1, 2, 3]}),
    ],
    ids=["str", "string", "object", "category", "polars", "DataFrame", "polars DataFrame"],
)
def test_what_is_missing_in_a_column_stays_in_its_place(series: Any) -> None:
    found = rows(series)
    assert (texts(found), reasons(found)) == (["a", None, "b"], {1: "missing"})


values = st.one_of(
    st.text(max_size=8),
    st.sampled_from([value for value, _ in NO_TEXT]),
    st.integers(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=300)
@given(given=st.lists(values, max_size=25), size=st.integers(1, 7), holder=st.sampled_from(["list", "Series", "dict"]))
def test_no_row_is_lost_or_moved(given: list[Any], size: int, holder: str) -> None:
    index = [f"row {number}" for number in range(len(given))]
    value: Any = given
    if holder == "Series":
        value = pd.Series(dict(enumerate(given)), dtype=object).set_axis(index)
    elif holder == "dict":
        value = dict(zip(index, given, strict=True))
    found = rows(value)
    assert found.total == len(given)
    read_texts, why = texts(found, size), reasons(found, size)
    assert len(read_texts) == len(given)
    if holder != "list":
        assert list(found.index) == index
    for row, value in enumerate(given):
        assert why.get(row) == reason_for_no_text(value)
        assert read_texts[row] == (value if isinstance(value, str) else None)
        assert read_texts[row] is None or type(read_texts[row]) is str


LINES: list[tuple[str, list[str]]] = [
    ("one\ntwo", ["one", "two"]),
    ("\n\none\ntwo\n\n", ["one", "two"]),
    ("one\n\ntwo\n", ["one", "", "two"]),
    ("one\r\ntwo\r\n", ["one", "two"]),
    ("  one  \n\ttwo", ["  one  ", "\ttwo"]),
]


@pytest.mark.parametrize(("cell", "expected"), LINES)
def test_a_cell_is_one_text_a_line(cell: str, expected: list[str]) -> None:
    assert texts(read(DataRef("lines", cell), {})) == expected


@pytest.mark.parametrize("inside", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_only_a_line_end_ends_a_line(inside: str) -> None:
    # Text from PDFs and the web is full of these; the editor shows one line, so it is one row.
    assert texts(read(DataRef("lines", f"one{inside}and more\ntwo"), {})) == [f"one{inside}and more", "two"]


@settings(max_examples=200)
@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n"), min_size=1).filter(str.strip), min_size=1, max_size=6)
)
def test_row_numbers_are_line_numbers(lines: list[str]) -> None:
    assert texts(read(DataRef("lines", "\n".join(lines) + "\n"), {})) == lines


def test_a_whole_cell_is_one_text() -> None:
    assert texts(read(DataRef("whole", "\none\n\n two\n"), {})) == ["one\n\n two"]


# --- tables ---


def test_a_column_called_0_is_found_by_what_the_user_sees() -> None:
    table = pd.DataFrame([["a", 1], ["b", 2]])
    assert texts(rows(table)) == texts(rows(table, "0")) == ["a", "b"]


@pytest.mark.parametrize("name", [True, 1.5, ("a", "b"), pd.Timestamp("2026-01-01"), None])
def test_a_column_may_be_called_anything(name: Any) -> None:
    table = pd.DataFrame({"n": [1]})
    table[name] = ["text"]
    assert texts(rows(table, str(table.columns[1]))) == texts(rows(table)) == ["text"]


def test_a_column_of_two_levels_is_found() -> None:
    table = pd.DataFrame([["a", 1]], columns=pd.MultiIndex.from_tuples([("x", "t"), ("x", "n")]))
    assert texts(rows(table)) == texts(rows(table, "('x', 't')")) == ["a"]


def test_other_columns_may_share_a_name() -> None:
    table = pd.DataFrame([["a", 1, 2]], columns=["text", "n", "n"])
    assert texts(rows(table)) == ["a"]
    with pytest.raises(UserError, match="2 columns called n"):
        rows(table, "n")


def test_a_boolean_or_empty_column_is_no_text_column() -> None:
    table = pd.DataFrame({"flag": [True, False], "none": [None, None], "text": ["a", "b"]})
    assert texts(rows(table)) == ["a", "b"]
    assert reasons(rows(table, "flag")) == {0: "not text (bool)", 1: "not text (bool)"}
    assert reasons(rows(table, "none")) == {0: "missing", 1: "missing"}


def test_a_text_column_may_begin_with_gaps() -> None:
    table = pd.DataFrame({"n": range(60), "text": [None] * 49 + ["a"] * 11})
    assert texts(rows(table))[48:51] == [None, "a", "a"]


def test_an_empty_table_with_a_column_has_no_rows() -> None:
    for table in (pd.DataFrame({"text": pd.Series([], dtype=str)}), pl.DataFrame({"text": []})):
        assert rows(table, "text").total == 0


@pytest.mark.parametrize("value", [[], (), pd.Series([], dtype=str), np.array([]), pl.Series([], dtype=pl.String), {}])
def test_an_empty_sequence_has_no_rows(value: Any) -> None:
    assert (rows(value).total, list(rows(value).windows(5))) == (0, [])


@pytest.mark.parametrize(
    "value", ["text", ["a"], pd.Series(["a"]), pl.Series(["a"]), {"columns": 1}, pd.DataFrame, np.zeros(2)]
)
def test_what_has_no_columns_is_no_table(value: Any) -> None:
    assert not is_table(value)


def test_a_column_is_taken_from_the_table_itself() -> None:
    table = pd.DataFrame({"text": ["a"]})
    assert column_of(table, "text", "table") is not None
    assert column_of(table, "text", "table").tolist() == ["a"]


def test_windows_cover_every_row_once() -> None:
    found = rows([str(number) for number in range(10)])
    windows = list(found.windows(4))
    assert [window.start for window in windows] == [0, 4, 8]
    assert texts(found, 4) == [str(number) for number in range(10)]
