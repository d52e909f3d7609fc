"""Datasets of `datasets`, on disk and streamed, and tables of any library by Arrow's and NumPy's protocols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict, Value

from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import HeldRows, Rows, StreamedRows, read
from nbtransformers.request import DataRef

TEXTS = ["one", None, "three", "vier", ""]
TABLE = pa.table({"n": range(5), "text": TEXTS})


def rows(value: Any, column: str | None = None, split: str | None = None) -> Rows:
    return read(DataRef("variable", "data", column, split=split), {"data": value})


def texts(found: Rows, start: int = 0) -> list[str | None]:
    return [text for window in found.windows(2, start) for text in window.texts]


def refusal(value: Any, column: str | None = None, split: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        list(rows(value, column, split).windows(2))
    return str(caught.value)


# --- datasets ---


def on_disk(folder: Path) -> Any:
    Dataset(TABLE).save_to_disk(folder)
    return Dataset.load_from_disk(folder)


def generated() -> Iterator[dict[str, Any]]:
    for number, text in enumerate(TEXTS):
        yield {"n": number, "text": text}


DATASETS: dict[str, Any] = {
    "in memory": lambda folder: Dataset(TABLE),
    "on disk": on_disk,
    "for torch": lambda folder: Dataset(TABLE).with_format("torch"),
    "for numpy, one column": lambda folder: Dataset(TABLE).with_format("numpy", columns=["n"]),
    "shuffled and back": lambda folder: Dataset(TABLE).select([4, 3, 2, 1, 0]).select([4, 3, 2, 1, 0]),
    "transformed": lambda folder: Dataset(TABLE).with_transform(lambda batch: {"text": batch["text"]}),
    "with one split": lambda folder: DatasetDict(train=Dataset(TABLE)),
    "a column": lambda folder: Dataset(TABLE)["text"],
    "streamed": lambda folder: Dataset(TABLE).to_iterable_dataset(),
    "streamed, of unknown columns": lambda folder: IterableDataset.from_generator(generated),
    "streamed, with one split": lambda folder: IterableDatasetDict(train=Dataset(TABLE).to_iterable_dataset()),
}


@pytest.mark.parametrize("kind", DATASETS)
def test_a_dataset_is_read_a_part_at_a_time(tmp_path: Path, kind: str) -> None:
    found = rows(DATASETS[kind](tmp_path))
    assert isinstance(found, StreamedRows)
    assert found.total == (None if kind.startswith("streamed") else 5)
    for start in (0, 2, 5, 0):
        assert texts(found, start) == TEXTS[start:]
    assert found.index is None


@pytest.mark.parametrize("streamed", [False, True])
def test_a_split_is_picked(streamed: bool) -> None:
    splits = {"train": Dataset.from_dict({"text": ["a"]}), "test": Dataset.from_dict({"text": ["b"]})}
    both: Any = DatasetDict(splits)
    if streamed:
        both = IterableDatasetDict({name: part.to_iterable_dataset() for name, part in splits.items()})
    assert texts(rows(both, split="test")) == ["b"]
    assert refusal(both) == "data has several splits: train, test. Add `--split train`."
    assert refusal(both, split="tst") == "data has no split 'tst'. Did you mean test?"
    assert refusal(splits["test"], split="test") == (
        "`--split test` is for what has splits, and data has none. Leave `--split` out."
    )


def test_the_column_of_a_dataset_is_known_by_its_type() -> None:
    kinds = Features({"id": Value("int64"), "title": Value("string"), "body": Value("large_string")})
    two = Dataset.from_dict({"id": [1], "title": [None], "body": [None]}, features=kinds)
    for data in (two, two.to_iterable_dataset()):
        assert (
            refusal(data)
            == "Which column of data holds the texts? Its text columns: title, body. Add `--column title`."
        )
        assert refusal(data, "titel") == "data has no column 'titel'. Did you mean title?"
        assert rows(data, "id") is not None


def test_a_stream_that_breaks_is_told() -> None:
    def broken() -> Iterator[dict[str, str]]:
        for number in range(2500):
            yield {"text": str(number)}
        raise ConnectionError("gone")

    found = rows(IterableDataset.from_generator(broken))
    windows = found.windows(1000)
    assert [len(next(windows).texts) for _ in range(2)] == [1000, 1000]
    with pytest.raises(UserError, match=r"^Reading data fails after row 2,000 \(ConnectionError: gone\)\."):
        next(windows)


# --- protocols ---


class Stream:
    """What speaks Arrow's stream protocol, and nothing else."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._value.__arrow_c_stream__(requested_schema)


class ArrowArray:
    """What speaks Arrow's array protocol, and nothing else."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._value.__arrow_c_array__(requested_schema)


class Interchange:
    """What speaks the interchange protocol of data frames, and nothing else."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __dataframe__(self, *args: Any, **options: Any) -> Any:
        return self._value.__dataframe__(*args, **options)


class NumPys:
    """What speaks NumPy's protocol, and nothing else."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(TEXTS, dtype=object)


SPEAKERS: dict[str, Any] = {
    "pyarrow Table": TABLE,
    "pyarrow RecordBatch": TABLE.to_batches()[0],
    "pyarrow ChunkedArray": pa.chunked_array([TEXTS[:2], TEXTS[2:]]),
    "pyarrow Array": pa.array(TEXTS),
    "pyarrow large": pa.array(TEXTS, pa.large_string()),
    "pyarrow view": pa.array(TEXTS, pa.string_view()),
    "pyarrow dictionary": pa.array(TEXTS).dictionary_encode(),
    "polars DataFrame": pl.from_arrow(TABLE),
    "polars Series": pl.Series(TEXTS),
    "polars objects": pl.Series(TEXTS, dtype=pl.Object),
    "polars DataFrame of objects": pl.DataFrame({"text": pl.Series(TEXTS, dtype=pl.Object)}),
    "pandas of Arrow": pd.Series(TEXTS, dtype="string[pyarrow]"),
    "DuckDB": lambda: duckdb.from_arrow(TABLE),
    "a stream of a table": Stream(TABLE),
    "a stream of a column": Stream(pa.chunked_array([TEXTS])),
    "an array": ArrowArray(pa.array(TEXTS)),
    "an array of a table": ArrowArray(TABLE.to_batches()[0]),
    "interchange": Interchange(TABLE),
    "NumPy's protocol": NumPys(),
}


@pytest.mark.parametrize("kind", SPEAKERS)
def test_a_table_or_column_of_any_library_is_read(kind: str) -> None:
    made = SPEAKERS[kind]
    found = rows(made() if callable(made) else made)
    assert isinstance(found, HeldRows)
    assert (found.total, texts(found), texts(found, 3)) == (5, TEXTS, TEXTS[3:])


@pytest.mark.parametrize("kind", ["pyarrow Table", "polars DataFrame", "DuckDB", "a stream of a table", "interchange"])
def test_columns_of_any_table_are_told(kind: str) -> None:
    made = SPEAKERS[kind]
    value = made() if callable(made) else made
    assert refusal(value, "txt") == "data has no column 'txt'. Did you mean text?"
    assert texts(rows(value, "n")) == [None] * 5


def test_text_that_is_no_unicode_costs_one_row() -> None:
    found = rows(pa.array([b"one", b"\xff", b"three"]).view(pa.string()))
    (window,) = found.windows(5)
    assert (window.texts, window.reasons) == (["one", None, "three"], {1: "not text (bytes)"})


def test_an_iterator_that_is_used_up_is_told() -> None:
    generator = (text for text in ["one", "two"])
    next(generator)
    assert texts(rows(generator)) == ["two"]
    assert refusal(generator) == "data is a generator that is used up. Make it anew, or keep its texts in a list."
    iterator = map(str, [1])
    assert texts(rows(iterator)) == ["1"]
    assert refusal(iterator) == "data is an iterator that is used up. Make it anew, or keep its texts in a list."
