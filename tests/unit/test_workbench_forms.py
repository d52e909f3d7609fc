"""The forms of the workbench: every option of every magic, and a form that says what its magic says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import helpers
import pytest
from helpers import Terminal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

import nbtransformers as nbt
from nbtransformers import settings as defaults
from nbtransformers.doors.workbench import Bench
from nbtransformers.errors import UserError
from nbtransformers.magics import forms, ran
from nbtransformers.magics.forms import Form, Source
from nbtransformers.magics.options import Option, converted, number, whole_number
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.table import MAGICS, Magic
from nbtransformers.request import DataRef

TASKS = list(forms.TASKS.values())
# What is asked of none of them, or is no task.
OTHERS = {"runs", "workbench", "models", "datasets"}


def test_every_magic_has_a_form() -> None:
    assert {magic.name for magic in MAGICS} - set(forms.TASKS) <= OTHERS


@pytest.mark.parametrize("magic", TASKS, ids=lambda magic: magic.name)
def test_every_option_is_a_field_and_nothing_else_is(magic: Magic) -> None:
    drawn = [field for group in forms.fields_of(magic)["groups"] for field in group["options"]]
    assert [field["name"] for field in drawn] == [option.name for option in magic.options]
    for field, option in zip(drawn, magic.options, strict=True):
        assert (field["help"], field["choices"]) == (option.help, list(option.choices))
        assert (field["metavar"] is None) == (option.metavar is None)


def test_a_field_tells_its_default_and_where_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def field(name: str) -> dict[str, Any]:
        groups = forms.fields_of(forms.TASKS["classify"])["groups"]
        return next(one for group in groups for one in group["options"] if one["name"] == name)

    assert (field("max-length")["default"], field("max-length")["from"]) == ("the model's limit", "")
    monkeypatch.setenv("NBTRANSFORMERS_MAX_LENGTH", "64")
    assert field("max-length")["default"] == "64"
    assert field("max-length")["from"] == "the environment variable NBTRANSFORMERS_MAX_LENGTH"
    defaults.set_default("classify.top-k", 2)
    try:
        assert (field("top-k")["default"], field("top-k")["from"]) == ("2", "this session")
    finally:
        defaults.forget_session()


# --- a form, its magic, and what both say ---

ANYTHING = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
AWKWARD = st.sampled_from(
    ["--model", "-k", "a b", "it's", 'say "so"', "'\"", "\\", 'a\\"b', "C:\\x y\\", "{}", "{x", "a;", "what?", "a=b",
     "(", "]", "\u2028", "a\nb", "\ttab", "中文 🎬", "$HOME", "%time", "#", "[1, 2", "-1", "{a} and {b"]
)  # fmt: skip
TEXTS = (ANYTHING | AWKWARD).filter(
    lambda text: not (text.startswith("{") and text.endswith("}") and text[1:-1].strip())
)


def values_of(option: Option) -> st.SearchStrategy[Any]:
    """What may be filled in for an option."""
    if option.metavar is None:
        return st.just(True)
    if option.choices:
        one: st.SearchStrategy[str] = st.sampled_from(option.choices)
    elif option.convert is whole_number:
        one = st.integers(-5, 10**6).map(str) | st.just("1,024")
    elif option.convert is number:
        one = st.floats(0, 1).map(str)
    else:
        one = TEXTS
    return st.lists(one, min_size=1, max_size=3) if option.repeats else one


@st.composite
def filled(draw: st.DrawFn) -> Form:
    """Any form of any task."""
    magic = draw(st.sampled_from(TASKS))
    chosen = draw(st.lists(st.sampled_from(magic.options), max_size=5, unique=True))
    options = {option.name: draw(values_of(option)) for option in chosen}
    source: Source = draw(st.sampled_from(forms.sources_of(magic)))
    lines = st.lists(
        ANYTHING.filter(str.strip) | st.sampled_from(["... x", ">>> x", "In [1]: x", "%%y", "?"]), max_size=4
    )
    text = {
        "text": lines.map("\n".join),
        "value": st.sampled_from(["texts", "texts[1:]", "df[df.n > 3]", "[t for t in texts]", "hub:a/b",
                                  "n - -k", "f(' --x')"]),
        "file": st.sampled_from(["a.csv", "a b.csv", "../it's.txt", "C:\\a.csv"]),
        "cell": st.just("3"),
        "none": st.just(""),
    }[source]  # fmt: skip
    return Form(magic.name, source, draw(text), options)


def said(form: Form) -> ParsedLine:
    """What a form says, found without its magic's text."""
    values: dict[str, Any] = {}
    for option in forms.TASKS[form.task].options:
        if option.name in form.options:
            given = form.options[option.name]
            one = [converted(option, text) for text in given] if isinstance(given, list) else given
            values[option.key] = converted(option, one) if isinstance(one, str) else one
    expression = {"text": "", "none": "", "value": form.text, "cell": f"In[{form.text}]"}
    return ParsedLine(expression.get(form.source, form.text), values)


def as_ipython_reads_it(cell: str) -> tuple[str, str, str | None]:
    """Name, line and body of the magic that a cell is."""
    call = ast.parse(TransformerManager().transform_cell(cell)).body[0].value  # pyright: ignore[reportAttributeAccessIssue]
    assert call.func.attr in ("run_cell_magic", "run_line_magic"), cell
    name, line, *body = (ast.literal_eval(argument) for argument in call.args)
    return name, line, body[0] if body else None


def has_prompt(form: Form) -> bool:
    """Whether IPython would not leave the text as it is; the form says so."""
    if form.source != "text" or not any(line.lstrip().startswith(">>>") for line in form.text.splitlines()):
        return False
    with pytest.raises(UserError, match="begins with >>>"):
        forms.typed(form)
    return True


@settings(max_examples=400, deadline=None)
@given(filled())
def test_the_magic_says_what_the_form_says(form: Form) -> None:
    magic = forms.TASKS[form.task]
    assume(not has_prompt(form))
    name, line, cell = as_ipython_reads_it(forms.typed(form))
    assert name == form.task
    found, wanted = magic.parse(line, cell, {}), said(form)
    assert found.values == wanted.values
    if form.source == "text":
        assert found.expression == "" and cell is not None
        rows, meant = (DataRef("lines", text).texts for text in (cell, form.text))
        assert [row if row.strip() else "" for row in rows] == [row if row.strip() else "" for row in meant]
    elif form.source == "file":
        assert form.text in (
            found.expression,
            ast.literal_eval(found.expression) if "'" in found.expression or '"' in found.expression else "",
        )
    elif form.source != "none":
        assert found.expression in (wanted.expression, f"({wanted.expression})")


@settings(max_examples=200, deadline=None)
@given(filled())
def test_a_magic_is_put_back_into_the_form(form: Form) -> None:
    assume(not has_prompt(form))
    back = forms.form_of(form.task, *forms.line_and_cell(form))
    assert forms.typed(back) == forms.typed(Form.of(back.sent()))
    again, first = (as_ipython_reads_it(forms.typed(one)) for one in (back, form))
    magic = forms.TASKS[form.task]
    assert magic.parse(again[1], again[2], {}) == magic.parse(first[1], first[2], {})
    assert (again[2] or "").strip("\n") == (first[2] or "").strip("\n")


NAMESPACE: dict[str, Any] = {"texts": ["a joy"], "n": 2, "df": {"review": ["a joy"], "stars": [5]}}
# For each task, options that it takes together, and what is read.
FILLED: Mapping[str, tuple[Source, str, dict[str, Any]]] = {
    "answer": ("text", "question: Who?\nIt was Ada.", {"top-k": "2", "no-answer": True}),
    "attention": ("text", "It is.", {"pair": 'He said "no".', "max-length": "16"}),
    "classify": ("text", "a joy\ntoo long", {"labels": "good news,bad", "template": "It's {}.", "multi-label": True}),
    "embed": ("value", "texts", {"pooling": "mean", "normalize": True, "prompt": "query: "}),
    "entities": ("text", "Ada in Rome", {"labels": "PER,LOC", "threshold": "0.5", "long": "window"}),
    "explain": ("text", "a joy", {"target": "positive", "steps": "8", "method": "integrated_gradients"}),
    "fill": ("value", "texts", {"targets": "good,bad", "whole": False}),
    "finetune": ("value", "df", {"text": "review", "label": "stars", "epochs": "1", "lr": "3e-5", "wait": True}),
    "generate": ("text", "Once\nupon", {"system": "Be brief;", "stop-strings": ["a b", "\\n"], "do-sample": True}),
    "positions": ("none", "", {"length": "16", "dim": "8"}),
    "similar": ("value", "texts", {"query": "what?", "top-k": "3", "measure": "dot"}),
    "summarize": ("text", "Long.", {"lines": True, "num-beams": "2"}),
    "tokenize": ("text", "a joy", {"model": ["minilm", "smollm2"], "no-special-tokens": True}),
    "translate": ("text", "Hallo", {"source": "de", "target": "en", "parts": "lines"}),
}


@pytest.mark.parametrize("task", list(forms.TASKS))
def test_the_request_is_that_of_the_form(task: str) -> None:
    """The request of the magic that is inserted, and the request of the form's own values, are the same."""
    source, text, options = FILLED[task]
    form = Form.of({"task": task, "source": source, "text": text, "options": options})
    magic = forms.TASKS[task]
    assert magic.ask is not None
    with helpers.ipython() as shell:
        _, line, cell = as_ipython_reads_it(forms.typed(form))
        inserted = magic.ask(magic.parse(line, cell, NAMESPACE), cell, NAMESPACE, shell)
        own = f"{text}\n" if source == "text" else None
        meant = magic.ask(said(form), own, NAMESPACE, shell)
    assert inserted.request == meant.request
    assert (inserted.out, inserted.background, dict(inserted.objects)) == (
        meant.out,
        meant.background,
        dict(meant.objects),
    )


def test_braces_are_python_in_a_form_as_behind_a_magic() -> None:
    form = Form("classify", "value", "texts", {"labels": "{topics}", "top-k": "{n}"})
    _, line, _ = as_ipython_reads_it(forms.typed(form))
    values = forms.TASKS["classify"].parse(line, None, {"topics": ["a", "b"], "n": 2}).values
    assert values == {"labels": ["a", "b"], "top_k": 2}


def test_further_options_of_a_training_are_as_they_are_typed() -> None:
    form = Form("finetune", "value", "df", {"epochs": "1"}, "--max-grad-norm 0.5")
    assert forms.typed(form) == "%finetune df --epochs 1 --max-grad-norm 0.5"
    back = forms.form_of("finetune", "df --max-grad-norm 0.5 --epochs 1", None)
    assert (back.options, back.others) == ({"epochs": "1"}, "--max-grad-norm 0.5")


# --- what the workbench has the magics do ---


@pytest.fixture
def bench(terminal: Terminal) -> Iterator[Bench]:
    ran.forget()
    yield Bench(terminal.shell)
    ran.forget()


@pytest.mark.parametrize(
    ("task", "options", "text", "field"),
    [
        ("classify", {"top-k": "few"}, "a joy", "top-k"),
        ("classify", {"device": "cup"}, "a joy", "device"),
        ("classify", {"model": "minlm"}, "a joy", "model"),
        ("classify", {"out": "2x"}, "a joy", "out"),
        ("classify", {"column": "review"}, "a joy", "column"),
        ("generate", {"do-sample": True, "no-do-sample": True}, "a joy", "do-sample"),
    ],
)
def test_a_mistake_is_told_at_its_field(bench: Bench, task: str, options: Any, text: str, field: str) -> None:
    form = {"task": task, "source": "text", "text": text, "options": options}
    with pytest.raises(UserError) as told:
        bench.begin(form)
    assert bench.field_of(form, str(told.value)) == field
    assert ran.ran() == []  # nothing ran


def test_a_mistake_in_what_is_read_is_told_there(bench: Bench) -> None:
    form = {"task": "classify", "source": "value", "text": "textss", "options": {}}
    with pytest.raises(UserError, match="There is no variable textss") as told:
        bench.begin(form)
    assert bench.field_of(form, str(told.value)) == "text"


def test_suggestions_are_those_of_tab(bench: Bench, terminal: Terminal) -> None:
    terminal.run("texts, topics = ['a'], {'review': ['b']}")
    form = {"task": "classify", "source": "value", "text": "", "options": {}}
    assert ["minilm", "model"] in [list(one) for one in bench.suggestions(form, "model", "mini")]
    assert {"texts", "topics"} <= {text for text, _ in bench.suggestions(form, "text", "t")}
    assert ("texts[0].x + texts", "variable") in bench.suggestions(form, "text", "texts[0].x + text")
    assert ("int8", "value") in bench.suggestions(form, "dtype", "")
    number, first = bench.suggestions({**form, "source": "cell"}, "text", "")[0]
    assert number.isdecimal() and first.startswith("texts, topics")


def test_the_history_has_what_magics_ran(bench: Bench, terminal: Terminal) -> None:
    terminal.run("r = get_ipython().run_cell_magic('tokenize', '--model minilm', 'a joy\\n')")
    terminal.refusal("%classify --top-k few")
    failed, went_well = bench.history()
    assert went_well.typed == "%%tokenize --model minilm\na joy\n" and went_well.seconds is not None
    assert "not a whole number" in failed.message and not failed.has_result
    assert bench.result(went_well.number) is terminal.shell.user_ns["r"]
    assert "tokenizer(" in bench.code(went_well.number)
    form = bench.form(went_well.number)
    assert (form["task"], form["text"], form["options"]) == ("tokenize", "a joy", {"model": ["minilm"]})
    with pytest.raises(UserError, match="is not kept any more"):
        bench.result(failed.number)


def test_the_magic_opens_it(terminal: Terminal) -> None:
    assert "Workbench" in terminal.printed("%workbench generate")
    assert "Did you mean classify?" in terminal.refusal("%workbench clasify")
    assert "takes one task" in terminal.refusal("%workbench classify generate")


def test_it_is_for_notebooks_and_for_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtransformers.doors.workbench.shell", lambda: None)
    with pytest.raises(UserError, match="is a panel of a notebook"):
        nbt.workbench()
    with pytest.raises(UserError, match="takes more than one line"):
        forms.typed(Form("classify", "value", "f(\n)"))
