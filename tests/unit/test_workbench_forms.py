"""The forms of the workbench: every option of every magic, and a form that says what its magic says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers import Terminal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from rundirs import Written

import nbtransformers as nbt
from nbtransformers import settings as defaults
from nbtransformers.doors.workbench import Bench
from nbtransformers.errors import UserError
from nbtransformers.magics import forms, models, ran, runs
from nbtransformers.magics import nbt as nbt_magic
from nbtransformers.magics.forms import Form
from nbtransformers.magics.formtasks import TASKS, WITHOUT_FORM, FormTask, Source
from nbtransformers.magics.options import Option, converted, number, whole_number
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.table import BY_NAME, MAGICS, Magic
from nbtransformers.panels.view import TerminalView
from nbtransformers.request import DataRef, FinetuneRequest
from nbtransformers.results.models import Models

ASKED = [task for task in TASKS.values() if not task.is_command]
COMMANDS = {"models": models.COMMANDS, "runs": runs.COMMANDS, "nbt": nbt_magic.COMMANDS}


def test_nothing_that_a_magic_can_do_is_missing(terminal: Terminal) -> None:
    """Every magic that is registered, each of its commands, and each of its options has a field, or says why not."""
    found = terminal.shell.magics_manager.magics
    ours = {name for kind in ("line", "cell") for name, call in found[kind].items() if _is_ours(call)}
    assert ours == {magic.name for magic in MAGICS} | {"nbt"}
    assert {task.magic for task in TASKS.values()} == ours - set(WITHOUT_FORM)
    for magic in MAGICS:
        own = [task for task in TASKS.values() if task.magic == magic.name]
        typed = {option.name for task in own for option in task.options}
        flags = {task.before[2:] for task in own if task.before.startswith("--")}
        assert magic.name in WITHOUT_FORM or typed | flags == {option.name for option in magic.options}, magic.name
    for name, commands in COMMANDS.items():
        drawn = {task.before for task in TASKS.values() if task.magic == name and not task.before.startswith("--")}
        exempt = {command for command in commands if f"{name} {command}" in WITHOUT_FORM}
        assert drawn == {"", *commands} - exempt, name
    assert not set(WITHOUT_FORM) & set(TASKS) and all(WITHOUT_FORM.values())


def _is_ours(call: Any) -> bool:
    return getattr(call, "__module__", "") == "nbtransformers.magics.extension"


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_every_option_is_a_field(task: FormTask) -> None:
    drawn = [field for group in forms.fields_of(task)["groups"] for field in group["options"]]
    assert len({field["name"] for field in drawn}) == len(drawn)
    for field, option in zip(drawn, task.fields, strict=True):
        assert (field["name"], field["help"], field["choices"]) == (option.name, option.help, list(option.choices))
        assert (field["metavar"] is None) == (option.metavar is None)


def test_a_field_tells_its_default_and_where_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def field(name: str) -> dict[str, Any]:
        groups = forms.fields_of(TASKS["classify"])["groups"]
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


@pytest.mark.parametrize("task", [task.name for task in ASKED if task.name not in ("finetune", "positions")])
def test_what_needs_a_model_says_so(task: str, bench: Bench) -> None:
    text = "question: Who?\nIt was Ada." if task == "answer" else "a [MASK]"
    work = bench.understood({"task": task, "source": "text", "text": text, "options": {"model": ""}})
    groups = forms.fields_of(TASKS[task])["groups"]
    model = next(one for group in groups for one in group["options"] if one["name"] == "model")
    assert (model["default"] == "none is bundled: give one") == (task in forms.NONE_BUNDLED)
    if task in forms.NONE_BUNDLED:
        with pytest.raises(UserError, match="bundled"):
            work.run(TerminalView("Working"))


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
    """Any form of any task that is asked before it runs."""
    task = draw(st.sampled_from(ASKED))
    chosen = draw(st.lists(st.sampled_from(task.options), max_size=5, unique=True))
    options = {option.name: draw(values_of(option)) for option in chosen}
    source: Source = draw(st.sampled_from(task.sources))
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
    return Form(task.name, source, draw(text), options)


def said(form: Form) -> ParsedLine:
    """What a form says, found without its magic's text."""
    values: dict[str, Any] = {}
    for option in TASKS[form.task].options:
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


def magic_of(task: str) -> Magic:
    return BY_NAME[TASKS[task].magic]


@settings(max_examples=400, deadline=None)
@given(filled())
def test_the_magic_says_what_the_form_says(form: Form) -> None:
    magic = magic_of(form.task)
    assume(not has_prompt(form))
    name, line, cell = as_ipython_reads_it(forms.typed(form))
    assert name == form.task
    found, wanted = magic.parse(line, cell, {}), said(form)
    assert found.values == wanted.values
    if form.source == "text" and not form.text.strip() and "cell" in form.options:
        assert found.expression == "" and cell is None  # that option names what is read
    elif form.source == "text":
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
    magic = magic_of(form.task)
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


@pytest.mark.parametrize("task", [task.name for task in ASKED])
def test_the_request_is_that_of_the_form(task: str, terminal: Terminal) -> None:
    """The request of the magic that is inserted, and the request of the form's own values, are the same."""
    source, text, options = FILLED[task]
    form = Form.of({"task": task, "source": source, "text": text, "options": options})
    magic = magic_of(task)
    assert magic.ask is not None
    shell = terminal.shell
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
    values = magic_of("classify").parse(line, None, {"topics": ["a", "b"], "n": 2}).values
    assert values == {"labels": ["a", "b"], "top_k": 2}


def test_further_options_of_a_training_are_as_they_are_typed() -> None:
    form = Form("finetune", "value", "df", {"epochs": "1"}, "--max-grad-norm 0.5")
    assert forms.typed(form) == "%finetune df --epochs 1 --max-grad-norm 0.5"
    back = forms.form_of("finetune", "df --max-grad-norm 0.5 --epochs 1", None)
    assert (back.options, back.others) == ({"epochs": "1"}, "--max-grad-norm 0.5")


# --- the commands of magics ---

COMMANDED: list[tuple[str, dict[str, Any], str]] = [
    ("models", {"search": "tiny bert", "task": "classify", "local-only": True},
     '%models --task classify --search "tiny bert" --local-only'),
    ("models show", {"model": "acme/tiny", "revision": "v1"}, "%models show acme/tiny --revision v1"),
    ("models download", {"model": "acme/tiny", "allow-pickle": True}, "%models download acme/tiny --allow-pickle"),
    ("models use", {"model": "my models/tiny", "pin": True}, '%models use "my models/tiny" --pin'),
    ("models datasets", {"search": "show", "out": "d"}, "%models datasets --search show --out d"),
    ("models preview", {"dataset": "acme/reviews", "rows": "3"}, "%models preview acme/reviews --rows 3"),
    ("runs", {}, "%runs"),
    ("runs", {"folder": "other runs", "out": "r"}, '%runs --folder "other runs" --out r'),
    ("runs NAME", {"run": "minilm-1"}, "%runs minilm-1"),
    ("runs --diff", {"run": "a", "other-run": "-b"}, '%runs --diff a "-b"'),
    ("runs stop", {"run": "C:\\runs\\a"}, "%runs stop C:\\runs\\a"),
    ("runs delete", {"run": 'say "a"', "yes": True}, '%runs delete "say \\"a\\"" --yes'),
    ("nbt", {}, "%nbt"),
    ("nbt set", {}, "%nbt set"),
    ("nbt set", {"setting": "classify.top-k", "value": "{n}"}, '%nbt set classify.top-k "{n}"'),
    ("nbt unset", {"setting": "device"}, "%nbt unset device"),
    ("nbt unload", {}, "%nbt unload"),
    ("nbt unload", {"model": "minilm"}, "%nbt unload minilm"),
    ("nbt doctor", {}, "%nbt doctor"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "options", "typed"), COMMANDED, ids=[typed for _, _, typed in COMMANDED])
def test_a_command_and_its_form_say_the_same(task: str, options: dict[str, Any], typed: str) -> None:
    form = Form.of({"task": task, "source": "none", "options": options})
    assert forms.typed(form) == typed
    name, line, cell = as_ipython_reads_it(typed)
    assert cell is None and forms.form_of(name, line, None) == form


def test_a_command_may_be_typed_in_other_ways_than_its_form_does() -> None:
    assert forms.form_of("models", "tiny bert --limit=3", None).options == {"search": "tiny bert", "limit": "3"}
    assert forms.form_of("runs", "a b --diff", None) == Form("runs --diff", "none", "", {"run": "a", "other-run": "b"})
    for magic, line in (("nbt", "code result"), ("nbt", "set device --reset"), ("models", "show a b"), ("runs", "a b")):
        with pytest.raises(UserError, match="Type it in a cell"):
            forms.form_of(magic, line, None)


def test_what_cannot_be_typed_by_its_place() -> None:
    with pytest.raises(UserError, match="Nothing is filled in for setting"):
        forms.typed(Form("nbt set", "none", "", {"value": "cpu"}))
    for name in ("a\\", 'a\\"b', "a\nb"):
        with pytest.raises(UserError, match="cannot be typed as one word"):
            forms.typed(Form("runs NAME", "none", "", {"run": name}))


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
        bench.understood(form)
    assert bench.field_of(form, told.value) == field
    assert ran.ran() == []  # nothing ran


def test_a_mistake_in_what_is_read_is_told_there(bench: Bench) -> None:
    form = {"task": "classify", "source": "value", "text": "textss", "options": {}}
    with pytest.raises(UserError, match="There is no variable textss") as told:
        bench.understood(form)
    assert bench.field_of(form, told.value) == "input"


@pytest.mark.parametrize(
    ("task", "source", "text", "what"),
    [
        ("classify", "text", " \n", "text"),
        ("answer", "value", "", "variable"),
        ("finetune", "file", "", "file"),
        ("embed", "cell", "", "cell"),
    ],
)
def test_a_form_without_an_input_is_refused_in_its_own_words(
    bench: Bench, task: str, source: str, text: str, what: str
) -> None:
    form = {"task": task, "source": source, "text": text, "options": {}}
    with pytest.raises(UserError) as told:
        bench.understood(form)
    assert str(told.value) == f"No {what} is given. Type it here, or choose another kind of input."
    assert bench.field_of(form, told.value) == "input"


@pytest.mark.parametrize(
    ("task", "options", "word"),
    [
        ("runs NAME", {}, "run"),
        ("runs --diff", {"run": "a"}, "other-run"),
        ("models show", {"revision": "v1"}, "model"),
        ("nbt unset", {}, "setting"),
    ],
)
def test_a_command_that_is_about_nothing_is_refused(bench: Bench, task: str, options: Any, word: str) -> None:
    form = {"task": task, "options": options}
    with pytest.raises(UserError) as told:
        bench.understood(form)
    assert str(told.value) == f"Nothing is filled in for {word}. Type or choose one."
    assert bench.field_of(form, told.value) == word


def test_a_cell_that_is_named_by_its_tag_stands_in_place_of_texts(bench: Bench) -> None:
    form = Form("tokenize", "text", " \n", {"cell": "introduction"})
    assert forms.typed(form) == "%tokenize --cell introduction"
    with pytest.raises(UserError, match="tag 'introduction' is not known"):
        bench.understood(form.sent())


def test_a_mistake_is_told_where_its_message_is_about_and_not_its_hint(bench: Bench, terminal: Terminal) -> None:
    terminal.run("n = 3")

    def field(message: str, **form: Any) -> str:
        with pytest.raises(UserError, match=message) as told:
            bench.understood({"task": "classify", "options": {}, **form}).run(TerminalView("Classifying"))
        return bench.field_of({"task": "classify", "options": {}, **form}, told.value)

    assert field("not texts. Give .* `--column NAME`", source="value", text="n") == "input"
    texts = {"source": "text", "text": "a joy"}
    assert field("not a sequence classifier. .* `--labels", **texts, options={"model": "minilm"}) == "model"


def test_suggestions_are_those_of_tab(bench: Bench, terminal: Terminal) -> None:
    terminal.run("texts, topics = ['a'], {'review': ['b']}")
    form = {"task": "classify", "source": "value", "text": "", "options": {}}
    assert ["minilm", "model"] in [list(one) for one in bench.suggestions(form, "model", "mini")]
    assert {"texts", "topics"} <= {text for text, _ in bench.suggestions(form, "input", "t")}
    assert ("texts[0].x + texts", "variable") in bench.suggestions(form, "input", "texts[0].x + text")
    assert ("int8", "value") in bench.suggestions(form, "dtype", "")
    terminal.run("df = __import__('pandas').DataFrame({'review': ['a'], 'mood': ['b']})")
    learnt = {"task": "finetune", "source": "value", "text": "df", "options": {}}
    assert [text for text, _ in bench.suggestions(learnt, "text", "")] == ["review", "mood"]
    number, first = bench.suggestions({**form, "source": "cell"}, "input", "")[0]
    assert number.isdecimal() and first.startswith("df = ")


def test_commands_are_suggested_the_names_that_they_take(
    bench: Bench, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a-1", "a-2"):
        Written(tmp_path / "nbtransformers-runs" / name, alive=False)

    def names(task: str, field: str, **options: str) -> list[str]:
        return [text for text, _ in bench.suggestions({"task": task, "options": options}, field, "")]

    assert set(names("runs NAME", "run")) == set(names("runs --diff", "other-run", run="a-1")) == {"a-1", "a-2"}
    assert "minilm" in names("models show", "model") and "show" not in names("models show", "model")
    assert "device" in names("nbt set", "setting", value="cpu") and "cpu" in names("nbt set", "value", setting="device")
    terminal.run("%nbt set device cpu")
    assert names("nbt unset", "setting") == ["device"]


def test_a_command_says_or_gives_what_its_magic_does(bench: Bench, terminal: Terminal) -> None:
    def done(task: str, **options: Any) -> Any:
        work = bench.understood({"task": task, "options": options})
        work.begin()
        value = work.run(TerminalView("Looking"))
        work.end(value, "")
        return value

    assert "this session" in done("nbt set", setting="device", value="cpu")
    assert defaults.default("device").value == "cpu"
    assert "cpu" not in done("nbt unset", setting="device")
    listed = done("models", **{"local-only": True, "out": "listed"})
    assert isinstance(listed, Models) and terminal.shell.user_ns["listed"] is listed
    assert "minilm" in done("models show", model="minilm")
    shown = [(row.typed, row.has_result, row.has_code) for row in bench.history()]
    assert shown[-2:] == [("%nbt unset device", True, False), ("%nbt set device cpu", True, False)]
    assert ("%models --local-only --out listed", True, False) in shown


def test_the_history_has_what_magics_ran(bench: Bench, terminal: Terminal) -> None:
    terminal.run("r = get_ipython().run_cell_magic('tokenize', '--model minilm', 'a joy\\n')")
    terminal.refusal("%classify --top-k few")
    assert "auto" in terminal.printed("%nbt set device")
    told, failed, went_well = bench.history()
    assert told.typed == "%nbt set device" and "auto" in bench.result(told.number)
    assert went_well.typed == "%%tokenize --model minilm\na joy\n" and went_well.seconds is not None
    assert "not a whole number" in failed.message and not failed.has_result
    assert bench.result(went_well.number) is terminal.shell.user_ns["r"]
    assert "tokenizer(" in bench.code(went_well.number)
    form = bench.form(went_well.number)
    assert (form["task"], form["text"], form["options"]) == ("tokenize", "a joy", {"model": ["minilm"]})
    with pytest.raises(UserError, match="is not kept any more"):
        bench.result(failed.number)
    assert [row.has_code for row in (told, failed, went_well)] == [False, False, True]
    with pytest.raises(UserError, match="There is no program for this run"):
        bench.code(failed.number)


def test_a_program_outlives_its_result(bench: Bench, terminal: Terminal) -> None:
    terminal.run("%tokenize ['a joy'];")
    (row,) = bench.history()
    assert not row.has_result and row.has_code and "tokenizer(" in bench.code(row.number)


def test_why_there_is_no_program_is_told_where_one_may_look_for_it(bench: Bench, tmp_path: Path) -> None:
    request = FinetuneRequest(DataRef("lines", "A joy."), method="qlora")
    run = Written(tmp_path / "head-1", alive=False, request=request).run
    ran.noting("finetune", "df --method qlora", None, lambda: ran.remember(run))
    (row,) = bench.history()
    assert not row.has_code
    assert row.no_code == (
        "There is no program for this run: the method qlora needs a GPU, where its program cannot be checked."
    )
    whole = Written(tmp_path / "whole-1", alive=False).run
    ran.noting("finetune", "df", None, lambda: ran.remember(whole))
    assert bench.history()[0].has_code
    whole.delete()
    assert bench.history()[0].no_code == "There is no program for this run: it is deleted."


def test_a_run_that_is_looked_at_has_its_program(
    bench: Bench, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Written(tmp_path / "nbtransformers-runs" / "a-1", alive=False)
    terminal.run("%runs")
    terminal.run("%runs a-1")
    assert [row.has_code for row in bench.history()] == [True, False]


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
