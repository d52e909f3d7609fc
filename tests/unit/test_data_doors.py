"""What a line names: a variable, a file or a dataset of the Hub; through the magic and through the function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import Terminal
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.inputs.refs import data_ref
from nbtransformers.inputs.rows import read
from nbtransformers.magics.data import data_of
from nbtransformers.magics.formtasks import TASKS
from nbtransformers.magics.parse import parse_line
from nbtransformers.request import DataRef

OPTIONS = TASKS["classify"].options


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with files in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("reviews.csv", "data/reviews.csv", "data.csv", "评论.csv"):
        (tmp_path / name).write_text("n,review\n1,a joy\n2,too long\n", encoding="utf-8")
    for name in ("my file.txt", "notes.txt", "notes", "C++ (1).txt", "it's.txt"):
        (tmp_path / name).write_text("a joy\ntoo long\n", encoding="utf-8")
    return tmp_path


def meant(line: str, **namespace: Any) -> tuple[DataRef, Any]:
    parsed = parse_line(line, OPTIONS, "%classify", namespace)
    return data_of(parsed, None, dict(parsed.values), namespace, "classify")


FILES: list[tuple[str, str]] = [
    ("reviews.csv", "reviews.csv"),
    ("'reviews.csv'", "reviews.csv"),
    ('"my file.txt"', "my file.txt"),
    ("my file.txt", "my file.txt"),
    ("data/reviews.csv", "data/reviews.csv"),
    ("./data/reviews.csv", "data/reviews.csv"),
    ("评论.csv", "评论.csv"),
    ('"C++ (1).txt"', "C++ (1).txt"),
    ('"it\'s.txt"', "it's.txt"),
    ("where.csv", "where.csv"),
    ("'where.csv'", "where.csv"),
    ('"my fle.txt"', "my fle.txt"),
    ("no/where.parquet", "no/where.parquet"),
    ("~/nowhere.jsonl.gz", "~/nowhere.jsonl.gz"),
    ("reviews.xlsx.csv", "reviews.xlsx.csv"),
]


@pytest.mark.parametrize(("line", "path"), FILES, ids=[line for line, _ in FILES])
def test_a_line_names_a_file(line: str, path: str) -> None:
    assert meant(line) == (DataRef("file", path), {})


def test_a_variable_wins_over_a_file() -> None:
    frame = pd.DataFrame({"csv": ["x"], "txt": ["y"]})
    assert meant("data.csv", data=frame)[0].kind == "variable"
    assert meant("notes", notes=["x"]) == (DataRef("variable", "notes"), {"notes": ["x"]})
    # … but there has to be one of that name.
    assert meant("data.csv", data=["x"]) == (DataRef("file", "data.csv"), {})
    assert meant("data/reviews.csv", data=frame) == (DataRef("file", "data/reviews.csv"), {})
    assert meant("data/reviews.csv", data=frame, reviews=frame) == (DataRef("file", "data/reviews.csv"), {})


def test_an_expression_is_run_once() -> None:
    frames = iter([pd.DataFrame({"txt": ["a"]}), pd.DataFrame({"txt": ["b"]})])
    ref, objects = meant("next(frames).txt", frames=frames)
    assert (ref.kind, list(objects["next(frames).txt"])) == ("variable", ["a"])


@pytest.mark.parametrize(
    "line", ["'A joy from start to end.'", "'see the file called readme.txt'", "['reviews.csv']", "'a/b'"]
)
def test_a_text_is_a_text(line: str) -> None:
    ref, _ = meant(line)
    assert ref.kind == "variable"


def test_a_variable_may_hold_a_path_or_the_name_of_a_dataset() -> None:
    assert meant("where", where=Path("reviews.csv")) == (DataRef("file", "reviews.csv"), {})
    assert meant("where", where="hub:acme/small") == (DataRef("hub", "acme/small"), {})
    assert meant("Path('a') / 'b.csv'", Path=Path) == (DataRef("file", "a/b.csv"), {})


def test_a_line_names_a_dataset_of_the_hub() -> None:
    line = "hub:acme/small@v1 --split test --subset en --column text"
    expected = DataRef("hub", "acme/small", "text", split="test", subset="en", revision="v1")
    assert meant(line) == (expected, {})
    assert data_ref("hub:acme/small@v1", "text", split="test", subset="en") == (expected, {})
    assert meant("hub:imdb")[0] == DataRef("hub", "imdb")


def test_options_go_with_the_reference() -> None:
    assert meant("reviews.csv --column review --encoding gbk")[0] == DataRef("file", "reviews.csv", "review", "gbk")
    assert data_ref(Path("reviews.csv"), "review", "gbk")[0] == DataRef("file", "reviews.csv", "review", "gbk")
    assert data_ref(["a"], 0)[0] == DataRef("variable", "data", "0")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("revews.csv", "There is no file revews.csv. Did you mean reviews.csv?"),
        ('"my fle.txt"', "There is no file my fle.txt. Did you mean my file.txt?"),
        ("data/revews.csv", "There is no file data/revews.csv. Did you mean data/reviews.csv?"),
        ("reviews.cvs", "There is no file reviews.cvs. Did you mean reviews.csv?"),
        ("./data", "data is a folder. Give one of its files."),
        ("/nowhere/at all", "There is no file /nowhere/at all. Check the path."),
        ("data/", "'data/' is no Python expression. Give a variable or an expression, or write the texts"),
        ("reviews[0].csv", "There is no variable reviews."),
        ("reviews.csv --split a", "`--split` is for datasets with splits, and reviews.csv is none."),
        ("reviews.csv --subset a", "`--subset` is for datasets of the Hub, and reviews.csv is none."),
        ("notes.txt --column a", "`--column a` needs a table, and notes.txt holds one text a line."),
        ("notes", "nbtransformers does not read such files: notes. It reads .txt, .csv,"),
    ],
)
def test_a_slip_is_told(line: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        read(*meant(line))
    assert str(caught.value).startswith(told)


def test_a_text_that_is_the_name_of_a_file_is_told() -> None:
    rows = read(*data_ref("notes.txt"))
    assert [window.texts for window in rows.windows(5)] == [["notes.txt"]]
    assert rows.notes == ("notes.txt was read as a text. `Path('notes.txt')` reads the file.",)
    assert read(*data_ref("nowhere.txt")).notes == ()


PIECES = ["reviews", "notes", ".csv", ".txt", "data", "/", ".", "'", '"', " ", "hub:", "acme", "@", "a", "[", "]"]
PIECES += ["(", ")", "~", "\\", "\x00", "\ud800", "://", "电", "é", "{", "}", ",", "="]
PIECES += ["--column", "--split", "--encoding", "gbk"]
noise = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=noise)
def test_only_our_own_error_leaves_a_random_line(line: str) -> None:
    assume("hub:" not in line or " " in line)  # the Hub itself is asked elsewhere
    try:
        rows = read(*meant(line, a=["x"], data=pd.DataFrame({"csv": ["y"]})))
        assert all(isinstance(window.texts, list) for window in rows.windows(2))
    except UserError as error:
        assert "\n" not in str(error)


def test_magic_and_function_agree(terminal: Terminal, models: Path, here: Path) -> None:
    (here / "latin.csv").write_text('n,review\n1,"Ein schöner Film, natürlich"\n', encoding="latin-1")
    by_line = terminal.run(f"%classify reviews.csv --column review --model {models}/tiny")
    by_function = nbt.classify(Path("reviews.csv"), column="review", model=models / "tiny")
    assert by_line.texts == by_function.texts == ("a joy", "too long")
    assert by_line.request.data == by_function.request.data == DataRef("file", "reviews.csv", "review")
    guessed = terminal.run(f"%classify latin.csv --model {models}/tiny --column review")
    assert guessed.texts == ("Ein schöner Film, natürlich",)
    assert any("read as windows-1252 (guessed)" in note for note in guessed.notes)
    named = nbt.classify(Path("latin.csv"), model=models / "tiny", column="review", encoding="latin-1")
    assert named.texts == guessed.texts
    assert not any("guessed" in note for note in named.notes)
