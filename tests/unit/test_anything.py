"""Ten thousand magic lines and ten thousand inputs that nobody thought of: only our own errors escape."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.magics.formtasks import TASKS

pytestmark = pytest.mark.slow
THOROUGH = settings(
    max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)

TEXT = st.text(st.characters(categories=None), max_size=20)
# Text that a line may hold: no call, so that nothing of Python's own is run.
SAFE = st.text(st.characters(categories=None, exclude_characters="()"), max_size=20)
OPTIONS = sorted({option.name for option in (*TASKS["classify"].options, *TASKS["tokenize"].options)})
EXPRESSIONS = ["texts", "df", "numbers", "frame.a", "df[df.stars > 1]", "nothing", "1", "'one'", "[", "texts[0]", "x y"]
FILES = ["some.csv", "some.txt", "'some.txt'", "none.csv", "some.jsonl", "binary.csv", "hub:", "hub:a/b", "folder.csv"]
VALUES = [
    "0",
    "1",
    "-1",
    "3",
    "1e9",
    "0.5",
    "cpu",
    "cuda",
    "window",
    "a,b",
    "a,a",
    "tiny",
    "review",
    "{texts}",
    '"',
    "''",
]
VALUES += [
    "{nothing}",
    "{",
    "{}",
    "topic {}",
    "auto",
    "utf-8",
    "utf-7",
    "rot13",
    "test",
    "minilm",
    "owner/name",
    "None",
]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line that is nearly right, more often than not."""
    word = st.one_of(
        st.sampled_from([f"--{name}" for name in OPTIONS]).flatmap(
            lambda name: st.sampled_from([name, f"{name}=", f"{name} ", name[:-1]]).flatmap(
                lambda start: (st.sampled_from(VALUES) | SAFE).map(lambda value: start + value)
            )
        ),
        st.sampled_from([*EXPRESSIONS, *FILES, "-k 2", "-l a,b", "-m tiny", ";", "--model tiny", "--model tiny"]),
        SAFE,
    )
    return " ".join(draw(st.lists(word, max_size=5)))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A shell in a folder with files of every kind, and a tiny model to run."""
    folder = tmp_path_factory.mktemp("anything")
    (folder / "some.csv").write_text('review,stars\n"a joy",5\n,1\n"two\nlines",2\n', encoding="utf-8")
    (folder / "some.txt").write_text("a joy\n\ndull\n", encoding="utf-8")
    (folder / "some.jsonl").write_text('{"text": "a joy"}\nno json\n{"text": 3}\n', encoding="utf-8")
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    (folder / "folder.csv").mkdir()
    with helpers.ipython() as made, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made.run_line_magic("load_ext", "nbtransformers")
        df = pd.DataFrame({"review": ["a joy", None], "stars": [5, 1]})
        made.user_ns |= {"texts": ["a joy", "dull", None, 3], "df": df, "numbers": [1, 2], "frame": df}
        made.user_ns["tiny"] = Tiny((helpers.classifier(), helpers.tokenizer()))
        yield made
        made.run_line_magic("unload_ext", "nbtransformers")


class Tiny(tuple[Any, Any]):
    """A model and its tokenizer, shown in a word when an example is told."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "tiny"


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return Tiny((helpers.classifier(), helpers.tokenizer()))


def only_our_errors(run: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's compiler, about what stands on the line
        try:
            run()
        except UserError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 1000


@THOROUGH
@given(magic=st.sampled_from(["classify", "tokenize"]), line=lines(), cell=st.none() | TEXT.filter(bool))
def test_any_line(shell: Any, magic: str, line: str, cell: str | None) -> None:
    if cell is None:
        only_our_errors(lambda: shell.run_line_magic(magic, line))
    else:
        only_our_errors(lambda: shell.run_cell_magic(magic, line, cell))


@THOROUGH
@given(line=st.text(st.sampled_from("setunloadcodoctor model=minilm.-[]\"' 12") | st.characters(), max_size=25))
def test_any_line_of_nbt(shell: Any, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    only_our_errors(lambda: shell.run_line_magic("nbt", line))
    capsys.readouterr()


class Odd:
    """Something that is like a sequence in some ways, and breaks in others."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __len__(self) -> int:
        if self.kind == "len":
            raise RuntimeError("no length")
        return 2

    def __getitem__(self, at: Any) -> Any:
        if self.kind == "item" or not isinstance(at, int) or at > 1:
            raise IndexError(at)
        return "a joy"

    def __iter__(self) -> Iterator[Any]:
        if self.kind == "iter":
            raise ValueError("no way through")
        return iter(["a joy", Odd("item")])

    def __getattr__(self, name: str) -> Any:
        if self.kind == "attributes" and not name.startswith("_"):
            raise RuntimeError(f"no {name} here")
        raise AttributeError(name)

    def __repr__(self) -> str:
        if self.kind == "repr":
            raise RuntimeError("no repr")
        return f"Odd({self.kind!r})"


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=5), st.dates(), st.complex_numbers()
)
ODD = st.sampled_from(["len", "item", "iter", "attributes", "repr"]).map(Odd)
VALUE = st.recursive(
    LEAVES | ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=8,
)
COLUMN = st.lists(LEAVES, max_size=4)
HOLDERS: list[Callable[[list[Any]], Any]] = [
    lambda values: pd.Series(values, dtype=object),
    lambda values: pd.DataFrame({"a": pd.Series(values, dtype=object)}),
    lambda values: pd.DataFrame({"a": pd.Series(values, dtype=object), "b": pd.Series(values, dtype=object)}),
    lambda values: pl.Series("a", [str(value) for value in values if not isinstance(value, str)]),
    lambda values: np.array([*values, None], dtype=object),
    lambda values: np.array([[*values, None]], dtype=object),
    lambda values: iter(values),
    lambda values: (value for value in values),
    lambda values: set(map(repr, values)),
    lambda values: range(len(values)),
    lambda values: memoryview(bytes(len(values))),
    lambda values: type("Table", (), {"columns": values, "__getitem__": lambda self, name: values})(),
    lambda values: type("Table", (), {"column_names": ["a"], "__getitem__": lambda self, name: 1 / 0})(),
    lambda values: list,
    lambda values: print,
]


@THOROUGH
@given(value=VALUE | st.builds(lambda hold, values: hold(values), st.sampled_from(HOLDERS), COLUMN))
def test_any_input(value: Any, tiny: Tiny) -> None:
    def run() -> None:
        result = nbt.classify(value, model=tiny)
        assert result.done.all()
        assert (result.scored | np.isin(np.arange(len(result)), list(result.reasons))).all(), "a score or a reason"

    only_our_errors(run)


@settings(THOROUGH, max_examples=2_000)
@given(content=st.binary(max_size=60) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")), data=st.data())
def test_any_file(content: bytes, data: st.DataObject, tiny: Tiny, files: Path) -> None:
    suffix = data.draw(st.sampled_from([".txt", ".csv", ".tsv", ".jsonl", ".parquet", ".json", ".csv.gz"]))
    file = files / f"some{suffix}"
    file.write_bytes(content)
    only_our_errors(lambda: nbt.classify(file, model=tiny))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")
