"""Tokens as a file: what is read back is what `to_pandas` says, however many stretches it was written in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import tokenizer as tiny_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenized import Told, token, tokenization, tokens

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.panels.tokenization.methods import actions
from nbtransformers.panels.widget import Panel
from nbtransformers.plain_text import sendable
from nbtransformers.results import export
from nbtransformers.results.export import write
from nbtransformers.results.tokenization import Tokenization

TEXTS = ['A "good" film, unbelievable.', None, "", "好的电影。\nهذا 🎬", "a [SEP] b", "NA", "two\r\nlines\rof it"]
INDEXES: dict[str, Any] = {
    "none": None,
    "names": [f"row {number}" for number in range(len(TEXTS))],
    "twice": [1, 1, *range(2, len(TEXTS))],
    "floats": pd.Index(np.linspace(0, 1, len(TEXTS)), name="share"),
    "called token": pd.Index(range(len(TEXTS)), name="token"),
    "days": pd.date_range("2026-01-30", periods=len(TEXTS), name="day"),
    "categories": pd.CategoricalIndex(["a", "b", "a", "b", "a", "b", "c"]),
}
STRETCHES = [1, 7, 20_000]


@pytest.fixture(scope="module")
def models() -> list[Any]:
    return ["minilm", tiny_tokenizer()]


def result_of(models: Sequence[Any], texts: Sequence[str | None] = TEXTS, index: Any = None) -> Tokenization:
    data: Any = list(texts) if index is None else pd.Series(texts, index=index, dtype=object)
    return nbt.tokenize(data, model=list(models), max_length=6)


def read_csv(path: Any) -> pd.DataFrame:
    """A CSV with every text as it stands."""
    return pd.read_csv(path, keep_default_na=False, lineterminator="\n")


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Cell for cell, whatever pandas calls the type of a text."""
    assert found.columns.tolist() == expected.columns.tolist()
    assert found.index.equals(pd.RangeIndex(len(expected)))
    for name in expected:
        assert found[name].tolist() == expected[name].tolist(), name


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("number", [1, 2])
def test_a_file_holds_what_to_pandas_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: list[Any], name: str, stretch: int, number: int
) -> None:
    monkeypatch.setattr(export, "_STRETCH", stretch)
    result = result_of(models[:number], index=INDEXES[name])
    expected = result.to_pandas()
    parquet, csv = result.to_parquet(tmp_path / "a.parquet"), result.to_csv(tmp_path / "a.csv")
    found = pd.read_parquet(parquet)
    assert_same(found, expected)
    kept = [column for column, kind in expected.dtypes.items() if kind.kind in "iubfM" or column == "row"]
    assert [found[column].dtype for column in kept] == [expected[column].dtype for column in kept]
    found = read_csv(csv)
    if name == "days":
        found["row"] = pd.to_datetime(found["row"])
    assert_same(found, expected)
    assert parquet.rows == csv.rows == len(expected) == sum(len(own.flat) for own in result.tokenizers)
    assert (parquet.notes, csv.notes) == ((), ())


def test_the_table_is_what_the_lists_say(models: list[Any]) -> None:
    result = result_of(models, index=INDEXES["names"])
    rows = [4, 0, 2, -1]
    told = [
        (own.name, f"row {row}", at, piece, number, *span, text[slice(*span)])
        for own in result.tokenizers
        for row in [4, 0, 2, len(TEXTS) - 1]
        for text in [TEXTS[row] or ""]
        for at, (piece, number, span) in enumerate(zip(own.tokens[row], own.ids[row], own.offsets[row], strict=True))
    ]
    columns = ["tokenizer", "row", "position", "token", "id", "start", "stop", "text"]
    table = result.to_pandas(rows)
    assert list(table[columns].itertuples(index=False, name=None)) == told
    # What the columns besides say is held to the whole table.
    whole = result.to_pandas().set_index(["tokenizer", "row", "position"])
    pd.testing.assert_frame_equal(
        table.set_index(["tokenizer", "row", "position"]), whole.loc[[line[:3] for line in told]]
    )
    with pytest.raises(IndexError):
        result.to_pandas([len(TEXTS)])


@pytest.mark.parametrize("rows", [[3, 0, 3], [1, 2], [], list(range(len(TEXTS)))[::-1]], ids=str)
@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_chosen_rows_are_written_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: list[Any], kind: Any, stretch: int, rows: list[int]
) -> None:
    monkeypatch.setattr(export, "_STRETCH", stretch)
    result = result_of(models)
    written = write(result, tmp_path / "a", kind, rows=np.array(rows, dtype=np.int64))
    found = read_csv(written) if kind == "csv" else pd.read_parquet(written)
    assert_same(found, result.to_pandas(rows))


def test_a_thousand_rows_go_through_many_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame is longer than a stretch, and together they are the table."""
    texts = [f"a good film {'film ' * (row % 11)}{row}" for row in range(1_000)]
    result = result_of([tiny_tokenizer(), "minilm"], texts)
    whole = result.to_pandas()
    frames = list(result.table(None, 97).stretches)
    assert len(frames) > len(whole) / 97
    assert max(map(len, frames)) == 97
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), whole)
    monkeypatch.setattr(export, "_STRETCH", 97)
    assert_same(pd.read_parquet(result.to_parquet(tmp_path / "a.parquet")), whole)
    assert_same(read_csv(result.to_csv(tmp_path / "a.csv")), whole)


def test_one_long_text_goes_through_many_stretches() -> None:
    result = result_of([tiny_tokenizer()], ["film " * 5_000])
    frames = list(result.table(None, 1_000).stretches)
    assert [len(frame) for frame in frames] == [1_000] * 5 + [2]
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), result.to_pandas())


@pytest.mark.parametrize("texts", [[], [None, ""]], ids=str)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_no_token_is_a_file_with_a_head(tmp_path: Path, models: list[Any], kind: Any, texts: list[str | None]) -> None:
    result = result_of(models, texts)
    written = write(result, tmp_path / "a", kind)
    found = read_csv(written) if kind == "csv" else pd.read_parquet(written)
    assert (written.rows, len(found)) == (0, 0)
    assert found.columns.tolist() == result.to_pandas().columns.tolist()


any_text = st.text(st.characters(categories=None), max_size=9)


def cut_up(text: str | None) -> list[Told]:
    return [token(text[at : at + 2], at, min(at + 2, len(text)), id=ord(text[at])) for at in range(len(text or ""))]  # pyright: ignore[reportOptionalSubscript, reportArgumentType]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | any_text, min_size=1, max_size=5), any_text)
def test_any_text_any_token_and_any_name_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None], name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    # One number is one piece: the spelling of a token is its tokenizer's.
    rows = [[told | {"piece": chr(told["id"])} for told in cut_up(text)] for text in texts]
    made = [tokens(own, rows) for own in (name, "other")]
    result = tokenization(texts, made, index=list(map(str, texts)))
    expected = result.to_pandas()
    written = result.to_parquet(folder / "a.parquet")
    found = pd.read_parquet(written)
    halves = 0
    for column in ("tokenizer", "row", "token", "text"):
        assert found[column].tolist() == [sendable(text) for text in expected[column]]
        halves += sum(text != sendable(text) for text in expected[column])
    assert bool(written.notes) == bool(halves)
    result.to_csv(folder / "a.csv")


def test_what_was_not_written_as_it_is_is_told(tmp_path: Path) -> None:
    texts = ["a\ud800", "b", "\udfff"]
    rows = [[token(letter, at, at + 1) for at, letter in enumerate(text)] for text in texts]
    result = tokenization(texts, [tokens("t", rows)], index=[1, "x", (2,)])
    written = result.to_parquet(tmp_path / "a.parquet")
    assert repr(written) == "\n".join(
        [
            f"a.parquet: 4 rows, {written.nbytes / 1000:.1f} kB",
            "Note: Parquet has no type for the index: it is written as text.",
            "Note: 4 cells held half a character (a lone surrogate): it is written as \ufffd.",
        ]
    )
    found = pd.read_parquet(written)
    assert found["row"].tolist() == ["1", "1", "x", "(2,)"]
    assert found["text"].tolist() == found["token"].tolist() == ["a", "\ufffd", "b", "\ufffd"]
    assert read_csv(result.to_csv(tmp_path / "a.csv"))["row"].tolist() == ["1", "1", "x", "(2,)"]


def test_levels_of_an_index_are_one_column_as_in_to_pandas(tmp_path: Path, models: list[Any]) -> None:
    result = result_of(models[:1], index=pd.MultiIndex.from_product([["k"], range(len(TEXTS))]))
    expected = result.to_pandas()
    assert expected["row"].iloc[0] == ("k", 0)
    for found in (read_csv(result.to_csv(tmp_path / "a")), pd.read_parquet(result.to_parquet(tmp_path / "b"))):
        assert_same(found, expected.assign(row=expected["row"].map(str)))


@pytest.mark.parametrize(
    "index",
    [pd.interval_range(0, len(TEXTS)), pd.period_range("2026-01", periods=len(TEXTS), freq="M")],
    ids=["intervals", "periods"],
)
def test_labels_that_have_no_type_in_a_file_are_text(tmp_path: Path, models: list[Any], index: Any) -> None:
    result = result_of(models[:1], index=index)
    expected = result.to_pandas()
    for found in (read_csv(result.to_csv(tmp_path / "a")), pd.read_parquet(result.to_parquet(tmp_path / "b"))):
        assert_same(found, expected.assign(row=expected["row"].map(str)))


def test_a_file_that_is_there_stays(tmp_path: Path, models: list[Any]) -> None:
    path, result = tmp_path / "mine.csv", result_of(models)
    path.write_text("mine")
    with pytest.raises(UserError, match=r"mine\.csv is there already\."):
        result.to_csv(path)
    assert path.read_text() == "mine"
    result.to_csv(path, overwrite=True)
    assert_same(read_csv(path), result.to_pandas())
    assert list(tmp_path.iterdir()) == [path]


# --- from a panel ---


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"which": "all"}, list(range(len(TEXTS)))),
        ({"which": "found", "search": "B", "sort": {"by": "row", "descending": True}}, [4, 0]),
        ({"which": "found", "search": "i", "sort": {"by": "tokens1", "descending": True}}, None),
        ({"which": "selected"}, [0, 4]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_panel_writes_the_tokens_of_all_rows_of_those_found_or_of_those_selected(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: list[Any],
    kind: str,
    asked: dict[str, Any],
    rows: list[int] | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    result, panel = result_of(models), Panel(selection=[4, 0])
    if rows is None:
        counts = result[1].counts
        rows = sorted([0, 6], key=lambda row: -counts[row])
    expected = result.to_pandas(rows)
    said, buffers = actions(result, panel)["export"]({"format": kind, **asked})
    panel.close()
    name = f"minilm-TokenizersBackend-tokens.{kind}"
    assert (said["name"], said["folder"], said["rows"], said["notes"]) == (name, str(tmp_path), len(expected), [])
    assert buffers == []
    assert_same(read_csv(said["name"]) if kind == "csv" else pd.read_parquet(said["name"]), expected)


@pytest.mark.parametrize(
    ("tokenizer", "name"),
    [
        ("../../etc/passwd", "etc-passwd-tokens.csv"),
        ("", "tokens.csv"),
        ("..", "tokens.csv"),
        ("模型", "模型-tokens.csv"),
    ],
)
def test_a_panel_s_file_has_a_name_that_any_folder_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    panel = Panel()
    made = tokenization(["a"], [tokens(tokenizer, [[token("a", 0, 1)]])])
    said = [actions(made, panel)["export"]({"format": "csv", "which": "all"})[0]["name"] for _ in range(2)]
    panel.close()
    assert said == [name, name.replace(".csv", "-2.csv")]
