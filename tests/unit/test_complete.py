"""Tab on the lines of the magics: in a shell, in a real kernel, in a terminal."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers
import pandas as pd
import polars as pl
import pytest
from datasets import Dataset, DatasetDict
from helpers import Notebook
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbtransformers.loading.registry import REGISTRY
from nbtransformers.magics.complete import complete
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.table import MAGICS

CLASSIFY = next(magic for magic in MAGICS if magic.name == "classify")


class Untouchable:
    """Whoever looks too closely runs the user's code."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"Tab asked for {name}")

    def _forbidden(self, *args: Any) -> Any:
        raise AssertionError("Tab ran the user's code")

    __len__ = __iter__ = __getitem__ = __dir__ = __repr__ = __bool__ = __eq__ = __call__ = _forbidden  # pyright: ignore
    __hash__ = object.__hash__
    columns = property(_forbidden)
    __class__ = property(_forbidden)  # pyright: ignore

    def __init__(self) -> None:
        self.inside = {"frame": pd.DataFrame({"deep": ["a"]})}


class Frame(pd.DataFrame):
    """A table of the user's own, which may do anything when it is asked."""

    @property
    def columns(self) -> Any:
        raise AssertionError("Tab asked for the columns")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, hub_cache: Path, models: Path) -> Iterator[Any]:
    """A shell with variables, in a folder with files."""
    from transformers import pipeline

    folder = tmp_path_factory.mktemp("work")
    for name in ("reviews.csv", "notes.txt", "more.jsonl", "picture.png", "two words.csv", ".hidden.csv"):
        (folder / name).write_text("x", encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "rows.parquet").write_text("x", encoding="utf-8")
    (folder / "tiny").symlink_to(models / "tiny")
    dataset = hub_cache / "datasets--acme--rows"
    dataset.mkdir()
    tokenizer, model = helpers.tokenizer(), helpers.classifier()
    library: Any = pipeline
    splits = DatasetDict({name: Dataset.from_dict({"body": ["a"]}) for name in ("train", "held-out")})
    before = Path.cwd()
    os.chdir(folder)
    with helpers.ipython() as running:
        running.run_line_magic("load_ext", "nbtransformers")
        running.push(
            {
                "texts": ["a joy"],
                "df": pd.DataFrame({"review": ["a"], "the title": ["b"], "it's": ["c"], 7: ["d"], '"q"': ["e"]}),
                "polar": pl.DataFrame({"spalte": ["a"]}),
                "splits": splits,
                "评论": pd.DataFrame({"文本": ["好"]}),
                "holder": {"frame": pd.DataFrame({"held": ["a"]})},
                "own_model": model,
                "own_tokenizer": tokenizer,
                "own_pipe": library("text-classification", model=model, tokenizer=tokenizer),
                "pair": (model, tokenizer),
                "danger": Untouchable(),
                "odd": Frame({"a": ["b"]}),
                "_private": ["a"],
            }
        )
        yield running
    os.chdir(before)
    dataset.rmdir()


def tab(shell: Any, text: str) -> list[str]:
    """What Tab offers at the `|` of a cell, each with what it replaces taken out of the text before it."""
    from IPython.core.completer import provisionalcompleter

    at, code = text.index("|"), text.replace("|", "", 1)
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, at))
    assert {completion.end for completion in found} <= {at}
    assert len({completion.start for completion in found}) <= 1
    return [completion.text for completion in found]


def done(shell: Any, text: str) -> str:
    """The cell after the first offer was taken."""
    from IPython.core.completer import provisionalcompleter

    at, code = text.index("|"), text.replace("|", "", 1)
    with provisionalcompleter():
        first = next(iter(shell.Completer.completions(code, at)))
    return code[: first.start] + first.text + code[first.end :]


OPTIONS = [f"--{option.name}" for option in CLASSIFY.options]

# A cell with the cursor at `|`, and all that is offered.
OFFERS: list[tuple[str, list[str]]] = [
    # options
    ("%classify texts --mo|", ["--model"]),
    ("%classify texts --|", OPTIONS),
    ("%classify texts -|", OPTIONS),
    ("%classify texts --model minilm --mo|", []),
    ("%classify texts --mo| --top-k 2", ["--model"]),
    ("%%classify --mo|\ntexts", ["--model"]),
    ("%%classify |", OPTIONS),
    ("\n%%classify --mo|\ntexts", ["--model"]),
    ("%tokenize texts --model minilm --mo|", ["--model"]),  # it can be given again
    ("r = %classify texts --mo|", ["--model"]),
    ("%time %classify texts --mo|", ["--model"]),
    ("if True:\n    %classify texts --mo|", ["--model"]),
    ("x = 1\n%classify texts \\\n    --mo|", ["--model"]),
    # values
    ("%classify texts --device cu|", ["cuda"]),
    ("%classify texts --device=cu|", ["cuda"]),
    ("%classify texts --device 'cu|", ["'cuda'"]),
    ("%classify texts --long |", ["truncate", "window", "error"]),
    ("%classify texts --top-k |", []),
    ("%classify texts --labels {te|", ["{texts}"]),
    ("%classify texts --labels {te|}", ["{texts"]),
    ("%classify texts --encoding gb|", ["gb18030"]),
    ("%classify texts --nonsense=|", []),
    # models
    ("%classify texts --model mi|", ["minilm"]),
    ("%classify texts --model=mi|", ["minilm"]),
    ("%classify texts -m MOVIE|", ["movie-sentiment-minilm"]),
    ("%classify texts --model acme|", ["acme/half", "acme/tiny"]),
    ("%classify texts --model own|", ["own_model", "own_pipe"]),
    ("%classify texts --model pa|", ["pair"]),
    ("%tokenize texts --model own|", ["own_model", "own_pipe", "own_tokenizer"]),
    ("%classify texts --model ti|", ["tiny/"]),
    ("%classify texts --model ./|", ["./data/", "./tiny/"]),
    ("%classify texts --model da|", []),  # a folder, and no model
    ("%classify texts --tokenizer |", ["own_tokenizer"]),
    # columns
    ("%classify df --column |", ["review", '"the title"', '"it\'s"', "7", '"\\"q\\""']),
    ("%classify df --column THE|", ['"the title"']),
    ("%classify df --column='the t|'", ["'the title"]),
    ("%classify --column re| df --top-k 2", ["review"]),
    ("%classify df[df.review > 'a b'].head(3) --column re|", ["review"]),
    ("%classify polar --column |", ["spalte"]),
    ("%classify holder['frame'] --column |", ["held"]),
    ("%classify splits --column |", ["body"]),
    ("%classify splits['train'] --column |", ["body"]),
    ("%classify 评论 --column 文|", ["文本"]),
    ("%classify texts --column |", []),
    ("%classify danger --column |", []),
    ("%classify danger.inside --column |", []),
    ("%classify danger.inside['frame'] --column |", ["deep"]),
    ("%classify danger[0].head() --column |", []),
    ("%classify odd --column |", []),
    ("%classify nowhere --column |", []),
    ("%classify df['review'] --column |", []),
    # splits
    ("%classify splits --split |", ["train", "held-out"]),
    ("%classify hub:owner/name --split t|", ["train", "test"]),
    # the expression
    ("%classify hub:|", ["hub:acme/rows"]),
    ("%tokenize hub:acme/x|", []),
    ("%classify te|", ["texts"]),
    ("%classify 评|", ["评论"]),
    ("%classify [t for t in te|", ["texts"]),
    ("%classify df.rev|", ["review"]),
    ("%classify df['the|", ["'the title'"]),
    ('%classify df["re|"]', ['"review']),
    ('%classify splits["tr|', ['"train"']),
    ("%classify danger.in|", ["inside"]),
    ("%classify _pri|", []),
    ("%classify rev|", ["reviews.csv"]),
    ("%classify reviews.c|", ["reviews.csv"]),
    ("%classify 'two|", ["'two words.csv'"]),
    ("%classify data/|", ["data/rows.parquet"]),
    ("%classify pict|", []),
    ("%classify ./\x00|", []),
    ("%classify texts --out te|", ["texts"]),
    # the cell's text is text
    ("%%classify\nte|", []),
    ("%%classify --labels a,b\n%classify te|", []),
    ("%%classify te|", []),
    # other magics' cells are Python
    ("%%time\n%classify te|", ["texts"]),
    # %nbt
    ("%nbt un|", ["unset", "unload"]),
    ("%nbt set dev|", ["device"]),
    ("%nbt set device |", ["auto", "cpu", "cuda", "mps", "--reset"]),
    ("%nbt set classify.dev|", ["classify.device"]),
    ("%nbt set model mi|", ["minilm"]),
    ("%nbt set nonsense |", []),
    ("%nbt nonsense |", []),
    ("%nbt unload |", []),
    ("%nbt doctor |", []),
]


@pytest.mark.parametrize(("text", "offers"), OFFERS, ids=[text for text, _ in OFFERS])
def test_tab_offers(shell: Any, text: str, offers: list[str]) -> None:
    REGISTRY.clear()  # other tests load models
    assert tab(shell, text) == offers


COLUMNS: dict[str, tuple[bytes, list[str]]] = {
    "in.csv": (b"review;the title;stars\na joy;good;5\n", ["review", '"the title"', "stars"]),
    "in.csv.gz": (gzip.compress(b"review,stars\na joy,5\n"), ["review", "stars"]),
    "long.csv": (b"review,stars\n" + b"a joy,5\n" * 100_000, ["review", "stars"]),
    "in.tsv": ("评论\tstars\n好,5\t5\n".encode("gb18030"), ["评论", "stars"]),
    "in.jsonl": (b'{"review": "a joy", "by": {"name": "A"}}\n{"stars": 5}\n', ["review", "by.name", "stars"]),
    "in.json": (b'[{"review": "a joy"}, {"review": "dull"}]', ["review"]),
    "two words.csv": (b"review,stars\na joy,5\n", ["review", "stars"]),
    "in.txt": (b"review,stars\na joy,5\n", []),
    "empty.csv": (b"", []),
    "bad.parquet": (b"PAR1", []),
    "bad.csv": (b"\x00\x01\xff" * 99, []),
    "bad.csv.gz": (b"\x1f\x8b\x08\x00 not that", []),
    "bad.jsonl": (b"{", []),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_of_a_file_are_offered(shell: Any, tmp_path: Path, name: str) -> None:
    content, offers = COLUMNS[name]
    (tmp_path / name).write_bytes(content)
    path = f"'{tmp_path}/{name}'" if " " in name else f"{tmp_path}/{name}"
    assert tab(shell, f"%classify {path} --column |") == offers


def test_the_columns_of_a_parquet_file_are_offered(shell: Any, tmp_path: Path) -> None:
    pd.DataFrame({"review": ["a joy"], "the title": ["good"]}).to_parquet(tmp_path / "in.parquet")
    assert tab(shell, f"%embed {tmp_path}/in.parquet --column |") == ["review", '"the title"']
    assert tab(shell, f"%embed --column re| {tmp_path}/in.parquet") == ["review"]
    assert tab(shell, f"%embed {tmp_path}/other.parquet --column |") == []


def test_what_is_not_a_line_of_ours_is_left_to_ipython(shell: Any) -> None:
    for text in ("te|", "%cla|", "%classify|", "x = 5 %te|", "s = '%classify te|", "%%time te|", "%timeit te|"):
        lines = text.replace("|", "").split("\n")
        assert complete(lines, 0, len(lines[0]), shell) is None, text
    assert "%classify" in tab(shell, "%clas|")
    assert "texts" in tab(shell, "te|")


def test_nothing_is_mixed_in_even_when_there_is_nothing_to_offer(shell: Any) -> None:
    assert tab(shell, "%classify zzz|") == []
    assert shell.complete("te", "%classify texts --column te")[1] == []  # the older way in, of one line


@pytest.mark.parametrize("column", ["the title", "it's", '"q"', "a=b", "x;", "(y", "-z", "--w", "文 本", "semi; colon"])
@pytest.mark.parametrize("form", ["--column |", "--column=|", '--column "|', "--column '|", '--column "|"'])
def test_what_is_offered_is_read_back_as_it_was_meant(shell: Any, column: str, form: str) -> None:
    shell.push({"made": pd.DataFrame({column: ["a"]})})
    line = done(shell, f"%classify made {form}")
    assert parse_line(line.removeprefix("%classify"), CLASSIFY.options, "%classify").values == {"column": column}


PIECES = [
    "%classify ",
    "%%classify ",
    "%nbt ",
    "%nbt set ",
    "--",
    "--model",
    "--column",
    "=",
    " ",
    "  ",
    "\n",
    "\\",
    "df",
]
PIECES += [
    "te",
    "danger",
    ".",
    "[",
    "]",
    "'",
    '"',
    "{",
    "}",
    "/",
    "~/",
    "-",
    "-m",
    "hub:",
    "电",
    "👩‍👧",
    "\ud800",
    "\x00",
    "%",
]


@settings(max_examples=500)
@example(parts=["'", "\\", "\n"], cursor=1.0)
@given(parts=st.lists(st.sampled_from(PIECES), max_size=12), cursor=st.floats(0, 1))
def test_no_line_breaks_it(shell: Any, parts: list[str], cursor: float) -> None:
    code = "%classify " * (len(parts) % 2) + "".join(parts)
    at = int(cursor * len(code))
    lines = code[:at].split("\n")
    found = complete(code.split("\n"), len(lines) - 1, len(lines[-1]), shell)
    if found is not None:
        assert lines[-1].endswith(found.typed)


def test_the_number_of_a_cell_is_offered(shell: Any) -> None:
    before = shell.user_ns["In"]
    shell.user_ns["In"] = ["", "x = 1", *["y"] * 10]
    try:
        assert tab(shell, "%tokenize In[|")[:2] == ["In[11]", "In[10]"]
        assert tab(shell, "%tokenize In[1|") == ["In[11]", "In[10]", "In[1]"]
        assert done(shell, "%tokenize In[2|]") == "%tokenize In[2]"
        shell.user_ns["In"] = 5
        assert tab(shell, "%tokenize In[|") == []
    finally:
        shell.user_ns["In"] = before


def test_the_tags_of_the_saved_notebook_are_offered(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tab(shell, "%tokenize --cell |") == []
    path = tmp_path / "Some.ipynb"
    made = [{"id": tag, "source": "x", "metadata": {"tags": [tag]}} for tag in ("intro", "the end")]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert tab(shell, "%tokenize --cell |") == ["intro", '"the end"']
    assert tab(shell, "%tokenize --cell in|") == ["intro"]


def test_every_option_of_every_magic_completes(shell: Any) -> None:
    for magic in MAGICS:
        for option in magic.options:
            form = "%%{}\ntext" if "cell" in magic.forms else "%{}"
            line = form.format(f"{magic.name} --{option.name[:2]}|")
            assert f"--{option.name}" in tab(shell, line), (magic, option)


# --- in a real kernel ---


def asked(notebook: Notebook, text: str) -> dict[str, Any]:
    """The kernel's answer to Tab at `|`."""
    return notebook.client.complete(text.replace("|", "", 1), text.index("|"), reply=True, timeout=60)["content"]


@pytest.mark.parametrize(
    ("text", "replaced", "matches"),
    [
        ("%classify x --model=mi|", "mi", ["minilm"]),
        ("%classify x --model mi| --top-k 2", "mi", ["minilm"]),
        ('%classify x --model "mi|', '"mi', ['"minilm"']),
        ("%classify frame --column 'the|", "'the", ["'the title'"]),
        ("# 👩‍👧 é\n%classify 电影 --mo|", "--mo", ["--model"]),
        ("%classify frame.rev|", "rev", ["review"]),
        ("%%classify --dev|\na text", "--dev", ["--device"]),
        ("%%classify\nfra|", "", []),
        ("%nbt se|", "se", ["set"]),
    ],
)
def test_a_kernel_answers(notebook: Notebook, text: str, replaced: str, matches: list[str]) -> None:
    notebook.run("import pandas as pd\nframe = pd.DataFrame({'review': ['a'], 'the title': ['b']})")
    answer = asked(notebook, text)
    assert answer["status"] == "ok"
    assert answer["matches"] == matches
    assert text.replace("|", "")[answer["cursor_start"] : answer["cursor_end"]] == replaced
    assert answer["cursor_end"] == text.index("|")


def test_a_kernel_tells_the_kinds(notebook: Notebook) -> None:
    notebook.run("import pandas as pd\nframe = pd.DataFrame({'review': ['a']})")
    kinds = {
        found["text"]: found["type"]
        for text in ("%classify x --mod|", "%classify x --model mini|", "%classify frame --column |", "%classify fra|")
        for found in asked(notebook, text)["metadata"]["_jupyter_types_experimental"]
    }
    assert kinds == {"--model": "option", "minilm": "model", "review": "column", "frame": "variable"}


# --- in a terminal ---


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a pseudo-terminal")
def test_a_terminal_completes(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    command = [
        *("-m", "IPython", "--no-banner", "--no-confirm-exit", "--HistoryManager.enabled=False", "--colors=nocolor"),
        *("--TerminalInteractiveShell.display_completions=readlinelike",),
    ]
    child = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=60, dimensions=(40, 160))
    try:
        child.expect(r"In \[")
        child.sendline("%load_ext nbtransformers")
        child.expect(r"In \[2")
        child.send("%nbt set dev\t")
        child.expect("device")
        child.send(" cp\t")
        child.expect("cpu")
        child.sendline("")
        child.expect(r"device +cpu +this session")
    finally:
        child.close(force=True)


def test_languages_complete_by_the_model_s_codes_and_by_name(shell: Any, tmp_path: Path) -> None:
    from oracle.writers import save_writer

    import nbtransformers as nbt

    def suggested(begun: str) -> list[str]:
        line = f"%translate texts --model {tmp_path / 'nllb'} --target {begun}"
        completed = complete([line], 0, len(line), shell)
        assert completed is not None
        return [suggestion.text for suggestion in completed.suggestions]

    assert suggested("Germ") == ["German"]
    nbt.translate("A text.", model=save_writer("nllb", tmp_path / "nllb"), target="de", max_new_tokens=2)
    assert suggested("deu") == ["deu_Latn"]
    assert suggested("Simpl") == ['"Simplified Chinese"']
