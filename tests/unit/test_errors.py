"""Our one error: a line without a traceback in a notebook, and an ordinary exception everywhere else."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any

import pytest
from helpers import Notebook, Terminal, one_line
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.errors import UserError, did_you_mean, kind_of, nearest, shown

TOLD = "There is no variable textz. Did you mean texts?"
CALLED = "classify() has no argument modle. Did you mean model?"


def test_an_error_is_its_message_and_its_hint() -> None:
    error = UserError("It is\n  wrong.", hint="Type\tthis.")
    assert (error.message, error.hint, str(error)) == ("It is wrong.", "Type this.", "It is wrong. Type this.")
    assert str(UserError("It is wrong.")) == "It is wrong."
    assert UserError("It is wrong.", hint="").hint is None


def test_an_error_survives_a_process_boundary() -> None:
    for again in (pickle.loads(pickle.dumps(UserError("a.", hint="b."))), copy.copy(UserError("a.", hint="b."))):
        assert (again.message, again.hint, str(again)) == ("a.", "b.", "a. b.")


@given(st.text(max_size=200))
def test_any_message_is_one_line(text: str) -> None:
    (line,) = UserError(text, hint=text)._render_traceback_()  # pyright: ignore[reportPrivateUsage]
    assert len(line.splitlines()) == 1


# --- in a terminal ---


def test_a_magic_s_mistake_is_one_line(terminal: Terminal) -> None:
    terminal.shell.push({"texts": ["a"]})
    assert terminal.refusal("%classify textz") == TOLD


def test_a_function_s_mistake_is_one_line(terminal: Terminal) -> None:
    assert terminal.refusal("import nbtransformers as nbt\nnbt.classify(['a'], modle='x')") == CALLED


def test_a_mistake_deep_in_a_user_s_own_code_is_one_line(terminal: Terminal) -> None:
    deep = "def deep(n):\n    return deep(n - 1) if n else nbt.classify(['a'], modle='x')\ndeep(5)"
    code = f"import nbtransformers as nbt\n{deep}"
    assert terminal.refusal(code) == CALLED


def test_a_mistake_can_be_caught(terminal: Terminal) -> None:
    code = "try:\n    nbt.classify(['a'], modle='x')\nexcept nbt.UserError as error:\n    print('caught:', error)"
    assert terminal.printed(f"import nbtransformers as nbt\n{code}") == f"caught: {CALLED}\n"


def test_a_defect_keeps_its_traceback(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("nbtransformers.engine.rowtask.read", broken)
    done = terminal.shell.run_cell("%classify ['a']")
    assert isinstance(done.error_in_exec, ZeroDivisionError)
    said = terminal.capsys.readouterr().out
    assert "Traceback" in said
    assert "ZeroDivisionError: ours" in said


def test_plain_python_shows_where_it_was() -> None:
    import nbtransformers as nbt

    call: Any = nbt.classify
    try:
        call(["a"], modle="x")
    except UserError as error:
        lines = traceback.format_exception(error)
    assert lines[-1] == f"nbtransformers.errors.UserError: {CALLED}\n"
    assert any("test_errors.py" in line for line in lines)


# --- in a notebook ---


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("texts = ['a']\n%classify textz", TOLD),
        ("%%classify --modle x\na joy", "%%classify has no option --modle. Did you mean --model?"),
        ("import nbtransformers as nbt\nnbt.classify(['a'], modle='x')", CALLED),
        ("%classify ['a'] --model ./nowhere/at/all", "There is no folder ./nowhere/at/all. Check the path."),
    ],
)
def test_a_notebook_shows_one_line_and_leaves_nothing_else(notebook: Notebook, code: str, told: str) -> None:
    messages = notebook.run(code)
    (error,) = [message for message in messages if message["msg_type"] == "error"]
    assert one_line("\n".join(error["traceback"])) == told
    assert (error["ename"], error["evalue"]) == ("UserError", told)
    shown_html = [
        message["data"].get("text/html", "")
        for message in messages
        if message["msg_type"] in {"display_data", "update_display_data"}
    ]
    assert not any("<table" in html for html in shown_html)
    assert shown_html[-1:] in ([], [""])  # what was shown of the work is taken away


# --- the words ---


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a", "'a'"),
        ("a\nb", r"'a\nb'"),
        (list(range(99)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9…, 94, 95, 96, 97, 98]"),
        (None, "None"),
    ],
)
def test_a_value_is_quoted_on_one_line(value: object, said: str) -> None:
    found = shown(value)
    assert len(found) <= 60
    assert found[:20] == said[:20]
    assert found[-10:] == said[-10:]


def test_a_kind_has_its_article() -> None:
    class Unit: ...

    kinds = [kind_of(value) for value in (3, 1.5, "a", [], {}, None, Unit())]
    assert kinds == ["an int", "a float", "a str", "a list", "a dict", "a NoneType", "a Unit"]


NAMES = ["review", "title", "Review2", "text"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("revew", "review"),
        ("REVIEW", "review"),
        ("reviews", "review"),
        ("review2", "Review2"),
        ("xyz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found(name: str, found: str | None) -> None:
    assert nearest(name, NAMES) == found


def test_a_hint_lists_what_there_is() -> None:
    assert did_you_mean("zzz", ["a", "b"]) == "There is a, b."
    assert did_you_mean("zzz", []) == "There is none."
    assert (
        did_you_mean("zzz", [str(n) for n in range(13)], what="It has")
        == "It has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"
    )
    assert did_you_mean("modle", ["model"], prefix="--") == "Did you mean --model?"
    assert did_you_mean("a", iter(["b", "A"])) == "Did you mean A?"
