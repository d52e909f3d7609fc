"""A result as a file: what is read back is what `to_pandas` says, and no file is lost or half there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import RUN, classification
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.panels.classification.methods import actions
from nbtransformers.panels.widget import Panel
from nbtransformers.plain_text import sendable
from nbtransformers.results import arrow, export
from nbtransformers.results.classification import Classification
from nbtransformers.results.export import write

TEXTS = ["plain", "", None, 'a "quoted", one', "two\nlines", "a\rreturn", "好的电影", "هذا 🎬", "NA", "  ", "=1+1"]


def sample(**options: Any) -> Classification:
    scores: list[list[float] | None] = [[0.1, 0.9], [0.75, 0.25], None, *([[0.3, 0.7]] * (len(TEXTS) - 3))]
    return classification(TEXTS, scores, **options)


def read_csv(path: Any, levels: int = 1) -> pd.DataFrame:
    """A CSV with empty cells as missing, and nothing else."""
    numbers = {name: [""] for name in ("score", "negative", "positive")}
    return pd.read_csv(path, index_col=list(range(levels)), keep_default_na=False, na_values=numbers)


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    """The cells, whatever pandas calls a missing one; a CSV cannot tell an empty text from none."""
    rows = zip(frame.index, frame.to_numpy(dtype=object).tolist(), strict=True)
    return [[label, *("" if cell is None or cell != cell else cell for cell in cells)] for label, cells in rows]


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns)
    for one, other in zip(plain(found), plain(expected), strict=True):
        for a, b in zip(one, other, strict=True):
            assert a == (pytest.approx(b, abs=1e-6) if isinstance(b, float) else b)


INDEXES: dict[str, Any] = {
    "none": None,
    "names": [f"row {number}" for number in range(len(TEXTS))],
    "twice": [1, 1, *range(2, len(TEXTS))],
    "floats": pd.Index(np.linspace(0, 1, len(TEXTS)), name="share"),
    "levels": pd.MultiIndex.from_arrays([["k"] * len(TEXTS), range(len(TEXTS))], names=["kind", None]),
    "called text": pd.Index(range(len(TEXTS)), name="text"),
    "days": pd.date_range("2026-01-30", periods=len(TEXTS), name="day"),
    "categories": pd.CategoricalIndex(["a", "b"] * 5 + ["a"]),
}


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("stretch", [3, 20_000])
def test_parquet_holds_what_to_pandas_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, stretch: int
) -> None:
    monkeypatch.setattr(export, "_STRETCH", stretch)
    result = sample(index=INDEXES[name])
    found, expected = pd.read_parquet(result.to_parquet(tmp_path / "a.parquet")), result.to_pandas()
    assert_same(found, expected)
    assert found.index.names == expected.index.names
    assert found.index.equals(expected.index)
    assert found["text"].isna().tolist() == [text is None for text in TEXTS], "no text is not an empty one"


@pytest.mark.parametrize("name", [name for name in INDEXES if name != "days"])
@pytest.mark.parametrize("stretch", [3, 20_000])
def test_csv_holds_what_to_pandas_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, stretch: int
) -> None:
    monkeypatch.setattr(export, "_STRETCH", stretch)
    result = sample(index=INDEXES[name])
    expected = result.to_pandas()
    found = read_csv(result.to_csv(tmp_path / "a.csv"), expected.index.nlevels)
    if name == "called text":  # pandas tells columns of one name apart
        found = found.rename_axis("text").rename(columns={"text.1": "text"})
    assert_same(found, expected)
    assert list(found.index.names) == list(expected.index.names)


def test_days_are_read_back_as_days(tmp_path: Path) -> None:
    result = sample(index=INDEXES["days"])
    found = pd.read_csv(result.to_csv(tmp_path / "a.csv"), index_col=0, parse_dates=True)
    assert found.index.tolist() == result.to_pandas().index.tolist()


any_text = st.text(st.characters(categories=None), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | any_text, min_size=1, max_size=6), st.lists(any_text, min_size=2, max_size=2, unique=True))
def test_any_text_and_any_label_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None], labels: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    result = classification(texts, [[0.25, 0.75]] * len(texts), labels=labels, index=list(map(str, texts)))
    expected = [None if text is None else sendable(text) for text in texts]
    written = result.to_parquet(folder / "a.parquet")
    found = pd.read_parquet(written)
    assert [None if text != text else text for text in found["text"]] == expected
    assert found["label"].tolist() == [sendable(labels[1])] * len(texts)
    assert [sendable(str(text)) for text in texts] == found.index.tolist()
    halves = sum(str(text) != sendable(str(text)) for text in texts)
    assert bool(written.notes) == bool(halves or labels[1] != sendable(labels[1]))
    result.to_csv(folder / "a.csv")
    if not any("\0" in (text or "") for text in [*texts, *labels]):  # pandas does not read those
        found = pd.read_csv(folder / "a.csv", keep_default_na=False, dtype=object)
        assert found.iloc[:, 1].tolist() == [text or "" for text in expected]


def test_what_was_not_written_as_it_is_is_told(tmp_path: Path) -> None:
    result = classification(["a\ud800", "b", "\udfff"], [[0.1, 0.9]] * 3, index=[1, "x", (2,)])
    written = result.to_parquet(tmp_path / "a.parquet")
    assert repr(written).split("\n")[1:] == [
        "Note: Parquet has no type for the index: it is written as text.",
        "Note: 2 cells held half a character (a lone surrogate): it is written as \ufffd.",
    ]
    assert pd.read_parquet(written).index.tolist() == ["1", "x", "(2,)"]
    assert "a\ufffd" in result.to_csv(tmp_path / "a.csv").path.read_text(encoding="utf-8")


def test_labels_that_differ_in_half_a_character_stay_two_columns(tmp_path: Path) -> None:
    result = classification(["a"], [[0.25, 0.75]], labels=("\ud800", "\udfff"))
    found = pd.read_parquet(result.to_parquet(tmp_path / "a.parquet"))
    assert found.columns.tolist()[-2:] == ["\ufffd", "score:\ufffd"]
    assert found.iloc[0, -2:].tolist() == [0.25, 0.75]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_no_rows_and_one(tmp_path: Path, kind: Any) -> None:
    for rows in (0, 1):
        result = classification(["a"] * rows, [[0.1, 0.9]] * rows)
        written = write(result, tmp_path / f"{rows}.{kind}", kind)
        found = read_csv(written) if kind == "csv" else pd.read_parquet(written)
        assert (written.rows, len(found), found.columns.tolist()) == (rows, rows, result.to_pandas().columns.tolist())


def test_chosen_rows_are_written_in_their_order(tmp_path: Path) -> None:
    result = sample()
    written = write(result, tmp_path / "a.csv", "csv", rows=np.array([5, 2, 0]))
    assert_same(read_csv(written), result.to_pandas([5, 2, 0]))
    assert written.rows == 3


@pytest.mark.parametrize("rows", [[2, 0], range(1, 4), [], np.array([1]), range(4, 0, -2), range(0)])
def test_some_rows_as_a_frame_are_those_of_the_whole(rows: Any) -> None:
    result = sample(index=INDEXES["levels"], reasons={1: "why not"})
    pd.testing.assert_frame_equal(result.to_pandas(rows), result.to_pandas().iloc[list(rows)])


def test_what_is_said_of_a_file(tmp_path: Path) -> None:
    written = sample().to_csv(tmp_path / "red\x1b[31m.csv")
    assert repr(written) == f"red␛[31m.csv: {len(TEXTS)} rows, {written.nbytes} bytes"
    assert (written.path, written.nbytes) == (tmp_path / "red\x1b[31m.csv", Path(written).stat().st_size)


# --- never over a file, never half a file ---


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    assert refused(lambda: sample().to_csv(path)) == (
        "mine.csv is there already. Give another name, or `overwrite=True`."
    )
    assert path.read_text() == "mine"
    sample().to_csv(path, overwrite=True)
    assert path.read_text() != "mine"
    assert names_in(tmp_path) == ["mine.csv"]


def test_a_number_makes_a_name_free(tmp_path: Path) -> None:
    names = [write(sample(), tmp_path / "a.csv", "csv", taken="number").path.name for _ in range(3)]
    assert names == ["a.csv", "a-2.csv", "a-3.csv"]


def test_a_file_system_without_links_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    names = [write(sample(), tmp_path / "a.csv", "csv", taken="number").path.name for _ in range(3)]
    assert names == ["a.csv", "a-2.csv", "a-3.csv"]
    assert names_in(tmp_path) == sorted(names)


def test_a_file_that_comes_in_between_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"

    def written_meanwhile(*arguments: Any) -> tuple[int, tuple[str, ...]]:
        path.write_text("theirs")
        return arrow.write_table(*arguments)

    monkeypatch.setattr("nbtransformers.results.export.write_table", written_meanwhile)
    assert "is there already" in refused(lambda: sample().to_csv(path))
    assert path.read_text() == "theirs"
    assert names_in(tmp_path) == ["a.csv"]


def test_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    result = sample()
    (tmp_path / "file").write_text("")
    assert refused(lambda: result.to_csv(tmp_path / "no" / "a.csv")) == (
        f"There is no folder {tmp_path / 'no'}. Make it, or give another path."
    )
    assert refused(lambda: result.to_csv(tmp_path / "file" / "a.csv")).startswith("There is no folder ")
    assert refused(lambda: result.to_csv(tmp_path, overwrite=True)) == (
        f"{tmp_path.name} is a folder. Give the path of a file."
    )
    long = "x" * 300 + ".csv"
    assert refused(lambda: result.to_csv(tmp_path / long)) == (
        f"{long} cannot be written: File name too long. Give a path in another folder."
    )
    nobody = "~nosuchuser/a.csv"
    assert refused(lambda: result.to_csv(nobody)).startswith(f"{nobody} leads nowhere: Could not determine home ")
    assert refused(lambda: result.to_csv("a\0b")) == "A path cannot hold a NUL. Give another path."
    assert names_in(tmp_path) == ["file"]


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    told = refused(lambda: sample().to_csv("a.csv"))
    assert told == "a.csv leads nowhere: [Errno 2] No such file or directory. Give a whole path."


FULL = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from helpers import RUN, classification
from nbtransformers.errors import UserError
from nbtransformers.panels.classification.methods import actions
from nbtransformers.panels.widget import Panel
result = classification(["a long text " * 50] * 5000, [[0.1, 0.9]] * 5000, index=[str(n) for n in range(5000)])
os.chdir(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for write in (result.to_csv, result.to_parquet):
    try:
        write("a.out")
    except UserError as error:
        print(error)
print(os.listdir("."))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits")
def test_a_disk_that_is_full_leaves_one_line_and_no_file(tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", FULL, tests, str(tmp_path)], capture_output=True, text=True, check=True
    )
    told = "a.out cannot be written: File too large. Give a path in another folder."
    assert done.stdout.splitlines() == [told, told, "[]"], done.stderr


# --- from a panel ---


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"which": "all"}, list(range(len(TEXTS)))),
        ({"which": "found", "label": 0}, [1]),
        ({"which": "found", "search": "A", "sort": {"by": "row", "descending": True}}, [8, 5, 3, 0]),
        ({"which": "selected"}, [0, 4]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_panel_writes_all_rows_those_found_or_those_selected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, asked: dict[str, Any], rows: list[int]
) -> None:
    monkeypatch.chdir(tmp_path)
    result, panel = sample(), Panel(selection=[4, 0])
    said, buffers = actions(result, panel)["export"]({"format": kind, **asked})
    panel.close()
    assert (said["name"], said["folder"], said["rows"], said["notes"]) == (
        f"a-model.{kind}",
        str(tmp_path),
        len(rows),
        [],
    )
    assert buffers == []
    found = read_csv(said["name"]) if kind == "csv" else pd.read_parquet(said["name"])
    assert_same(found, result.to_pandas(rows))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("acme/tiny", "acme-tiny.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("<img src=x>", "img-src-x.csv"),
        ("模型", "模型.csv"),
        ("..", "labels.csv"),
        ("", "labels.csv"),
        ("a\0b\nc", "a-b-c.csv"),
        ("x" * 500, "x" * 60 + ".csv"),
    ],
)
def test_a_panel_s_file_has_a_name_that_any_folder_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    panel = Panel()
    export = actions(sample(run=replace(RUN, model=model)), panel)["export"]
    names = [export({"format": "csv", "which": "all"})[0]["name"] for _ in range(2)]
    panel.close()
    assert names == [name, name.replace(".csv", "-2.csv")]
    assert names_in(tmp_path) == sorted(names)
