"""What is written into a program is one value, whatever it holds; and the program is laid out as the formatter does."""

from __future__ import annotations

import ast
import json
import subprocess
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers import Notebook, Terminal
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.codegen.literals import LINE, assigned, expression, inline, listed, literal
from nbtransformers.codegen.program import written
from nbtransformers.errors import UserError
from nbtransformers.magics import last
from nbtransformers.magics.nbt import complete_command
from nbtransformers.panels.widget import Panel
from nbtransformers.request import (
    AttentionRequest,
    ClassifyRequest,
    DataRef,
    ExplainRequest,
    FinetuneRequest,
    ModelRef,
    RunOptions,
    TokenizeRequest,
)
from nbtransformers.results.recipe import Embedding, Place, Reading, Recipe, Scores, TokenizeRecipe, TokenizerRecipe
from nbtransformers.rundir.listing import RUNS

NASTY = [
    "",
    "'",
    '"',
    "'\"",
    '"""',
    "\\",
    '\\"',
    "\\'",
    "a\\\n'b",
    "line\nline\r\nline\ttab",
    "{}{x}{{",
    "\x00\x1b[31m\x7f\x85",
    "\u2028\u2029\u202e\u200b\ufeff",
    "\ud800 alone",
    "\udcff\ud83d",
    "👩🏽‍💻🇫🇷 e\u0301",
    "字" * 120,
    "كتاب " * 40,
    "# no comment",
    "'''); import os; os.system('x')  #",
    "word " * 60,
    "x" * 400,
    "\n" * 30,
]
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=[]), max_size=150),
    st.lists(st.sampled_from([*NASTY, "plain words ", "\\", "'", '"', "é", "字", " "]), max_size=12).map("".join),
)


@given(TEXTS)
def test_a_literal_gives_the_text_back_and_is_printable(text: str) -> None:
    written = literal(text)
    assert ast.literal_eval(written) == text
    assert written.isprintable()


@given(TEXTS)
@example("a" * 92 + "b")
def test_an_assignment_assigns(text: str) -> None:
    assert run(assigned("value", text))["value"] == text


@given(st.lists(TEXTS, max_size=6), st.booleans())
def test_a_list_holds_its_texts(texts: list[str], one_line: bool) -> None:
    assert run(listed("values", texts, one_line=one_line))["values"] == texts


def run(lines: list[str]) -> dict[str, object]:
    names: dict[str, object] = {}
    code = "\n".join(lines)
    assert len(ast.parse(code).body) == 1
    exec(code, names)
    return names


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(min_value=1, max_value=40))
def test_lines_are_laid_out_as_the_formatter_does(texts: list[str], length: int) -> None:
    name = "n" * length
    lines = [line for text in texts for line in assigned(name, text)]
    lines += listed(name, texts) + listed("texts", texts, one_line=False)
    assert formatted("\n".join(lines) + "\n") == "\n".join(lines) + "\n"


@pytest.mark.parametrize("length", range(LINE - 14, LINE + 10))
@pytest.mark.parametrize("character", ["x", "字", "é", "'"])
def test_lines_about_as_long_as_a_line(character: str, length: int) -> None:
    for text in (character * length, character * (length // 2), "a " * (length // 2)):
        for lines in (assigned("name", text), listed("texts", [text]), listed("texts", [text], one_line=False)):
            assert formatted("\n".join(lines) + "\n") == "\n".join(lines) + "\n"


def formatted(code: str) -> str:
    command = ["ruff", "format", "--isolated", "--line-length", str(LINE), "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, encoding="utf-8", check=True)
    return done.stdout


# --- expressions ---


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("df", "df"),
        ("df[df.lang=='it\\'s'] # mine", 'df[df.lang == "it\'s"]'),
        ("  [t\n  for t in texts]  ", "[t for t in texts]"),
        ("f'{a!r} {b:>{n}}'", "f'{a!r} {b:>{n}}'"),
        ("b'bytes', r'raw\\d', '\\ud800'", '(b\'bytes\', "raw\\\\d", "\\ud800")'),
    ],
)
def test_an_expression_is_one(given: str, found: str) -> None:
    assert expression(given) == found
    assert ast.dump(ast.parse(given.strip(), mode="eval")) == ast.dump(ast.parse(found, mode="eval"))


@pytest.mark.parametrize("given", ["", "x; y", "x = 1", "import os", "x\ny", "a b", "x)\n(y", "\x00", "(" * 500])
def test_what_is_no_expression_is_refused(given: str) -> None:
    with pytest.raises(UserError, match="is no Python expression"):
        expression(given)


# --- whole programs, of requests and recipes made by hand ---

WORDS = st.one_of(TEXTS.filter(bool), st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["lines", "whole", "file", "hub", "variable"]),
    suffix=st.sampled_from([".txt", ".csv", ".jsonl", ".json", ".parquet", ".csv.gz"]),
    names=st.lists(WORDS, min_size=6, max_size=6),
    labels=st.lists(WORDS, min_size=2, max_size=4, unique=True),
    head=st.sampled_from(["trained", "similarity", "entailment"]),
    streamed=st.booleans(),
)
def test_nothing_that_is_written_in_breaks_a_program(
    kind: Any, suffix: str, names: list[str], labels: list[str], head: Any, streamed: bool
) -> None:
    value, column, split, model, template, revision = names
    value = {"file": value + suffix, "variable": "frame"}.get(kind, value)
    data = DataRef(kind, value, column, split=split if kind == "hub" else None, subset=split, revision=revision)
    reading = Reading(data, streamed=streamed, delimiter=template[0], has_header=streamed)
    place = Place(ModelRef("hub", model, revision, trust_remote_code=True))
    scores = Scores(head, tuple(labels), "single_label", 128, 32, template, Embedding(("mean",), (), True, 32), (2, 0))
    request = ClassifyRequest(data, run=RunOptions(long="window"), top_k=2)
    program = written(request, Recipe(place, "float32", reading, scores, "tokenizer"))
    strings = {node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)}
    assert {model, revision} <= strings
    assert set(labels) <= strings or head == "trained"
    assert program.replace("\n", "").isprintable()
    assert formatted(program) == program
    tokens = TokenizeRecipe(reading, (TokenizerRecipe(model, place, 128, True, True),) * 2)
    program = written(TokenizeRequest(data), tokens)
    ast.parse(program)
    assert formatted(program) == program


@given(TEXTS)
def test_a_literal_within_a_line_is_as_wide_as_it_seems(text: str) -> None:
    assert ast.literal_eval(inline(text)) == text


# --- the doors ---


def test_code_of_a_request_that_lacks_its_model() -> None:
    data = DataRef("lines", "one")
    for request in (
        ClassifyRequest(data, model=ModelRef("variable", "clf")),
        ClassifyRequest(data, tokenizer="clf"),
        TokenizeRequest(data, models=(ModelRef("variable", "clf"),)),
    ):
        with pytest.raises(UserError, match=r"^The request names clf, and does not hold it\. Give"):
            nbt.code(request)


def test_code_of_a_request_that_lacks_the_text_that_is_to_be_looked_into() -> None:
    text = DataRef("variable", "text")
    for request in (AttentionRequest(text), ExplainRequest(text)):
        with pytest.raises(UserError, match=r"^The request names text, and does not hold it\. Give"):
            nbt.code(request)


def test_nbt_code_prints_the_last_program(terminal: Terminal) -> None:
    last.forget()
    assert terminal.refusal("%nbt code") == (
        "There is no program yet: nothing has run. Run %%classify or %%tokenize, then type `%nbt code`."
    )
    terminal.run("%%classify\nA joy from start to end.")
    classified = terminal.printed("%nbt code")
    assert 'texts = [\n    "A joy from start to end.",\n]' in classified
    terminal.run("r = _")
    assert terminal.printed("%nbt code r") == classified == nbt.code(terminal.shell.user_ns["r"])
    terminal.run("%%tokenize\nUnbelievable!")
    assert "tokenizers" in terminal.printed("%nbt code")
    terminal.run("both = [r, r]")
    assert terminal.printed("%nbt code both[-1]") == classified


def test_the_variables_that_hold_a_result_complete(terminal: Terminal) -> None:
    terminal.run("import nbtransformers as nbt\nresult = nbt.classify(['A joy.'])\nother = 3")
    found = complete_command("code ", terminal.shell)
    assert [suggestion.text for suggestion in found.suggestions] == ["result"]


def test_a_run_is_named_as_a_model_is(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("minilm-1", "情感-2"):
        folder = tmp_path / RUNS / name
        folder.mkdir(parents=True)
        request = FinetuneRequest(DataRef("lines", "A joy."), method="qlora")
        (folder / "request.json").write_text(request.to_json(), encoding="utf-8")
    found = {suggestion.text for suggestion in complete_command("code r", terminal.shell).suggestions}
    assert found == {"run:minilm-1", "run:情感-2"}
    for typed in found:
        assert terminal.refusal(f"%nbt code {typed}").startswith("There is no program for this run: the method qlora")
    assert terminal.refusal("%nbt code run:minilm-2") == (f"There is no run minilm-2 in {RUNS}. Did you mean minilm-1?")


def test_a_task_without_a_program_says_so() -> None:
    with pytest.raises(UserError) as caught:
        nbt.code(FinetuneRequest(DataRef("lines", "A joy.")))
    assert str(caught.value) == (
        "There is a program of %finetune for a run, which has its rows, and not for a request alone. "
        "Give the run: `nbt.code(nbt.attach(NAME))`."
    )


def test_code_of_a_panel_and_of_what_has_none() -> None:
    result = nbt.classify(["A joy."])
    panel = Panel()
    with pytest.raises(UserError, match="There is no program for a Panel"):
        nbt.code(panel)  # pyright: ignore[reportArgumentType]
    panel.result = result
    assert nbt.code(panel) == nbt.code(result)  # pyright: ignore[reportArgumentType]
    panel.close()
    branched = replace(nbt.generate("A joy.", max_new_tokens=2), recipe=None)
    with pytest.raises(UserError, match="this result of %%generate: it was changed or gone on with"):
        nbt.code(branched)


def test_what_is_remembered_keeps_no_result(terminal: Terminal) -> None:
    result = nbt.classify(["A joy."])
    last.remember(result)
    alive = weakref.ref(result)
    del result
    assert alive() is None and last.last() is not None


def test_in_a_notebook_the_program_is_put_into_a_new_cell(notebook: Notebook) -> None:
    notebook.run("%%classify\nA joy from start to end.")
    notebook.run("import json\npayloads = []\nwrite = get_ipython().payload_manager.write_payload")
    notebook.run("get_ipython().payload_manager.write_payload = lambda p, **k: payloads.append(p)")
    (told,) = [m["text"] for m in notebook.run("%nbt code") if m["msg_type"] == "stream"]
    (put,) = [m["text"] for m in notebook.run("print(json.dumps(payloads))") if m["msg_type"] == "stream"]
    (payload,) = (payload for payload in json.loads(put) if payload["source"] == "set_next_input")
    assert payload["replace"] is False
    assert payload["text"] + "\n" == told
