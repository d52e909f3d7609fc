"""What is written into a program is one value, whatever it holds; and the program is laid out as the formatter does."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbtransformers.codegen.literals import LINE, assigned, expression, listed, literal
from nbtransformers.errors import UserError

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
