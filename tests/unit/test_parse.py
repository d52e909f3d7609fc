"""A magic's line to an expression and option values."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.magics.formtasks import TASKS
from nbtransformers.magics.parse import ParsedLine, evaluate, filled_in, parse_line

OPTIONS = TASKS["classify"].options


def parsed(line: str, **namespace: Any) -> ParsedLine:
    return parse_line(line, OPTIONS, "%classify", namespace)


# Line, expression, values.
LINES: list[tuple[str, str, dict[str, Any]]] = [
    ("", "", {}),
    ("   ", "", {}),
    ("reviews", "reviews", {}),
    ("  reviews\t", "reviews", {}),
    ("df --column review", "df", {"column": "review"}),
    ("--column review df", "df", {"column": "review"}),
    ("df --column=review", "df", {"column": "review"}),
    ("df --column 'the review'", "df", {"column": "the review"}),
    ('df --column="the review"', "df", {"column": "the review"}),
    ("df --column=", "df", {"column": ""}),
    ("df --column 'a=b'", "df", {"column": "a=b"}),
    ("df --column a=b", "df", {"column": "a=b"}),
    ("df[df.n > 3] --column review -k 2", "df[df.n > 3]", {"column": "review", "top_k": 2}),
    ('df[df["a b"] == "x  y"] -k 1', 'df[df["a b"] == "x  y"]', {"top_k": 1}),
    ("[t for t in texts if t] --whole", "[t for t in texts if t]", {"whole": True}),
    ("texts + more", "texts + more", {}),
    ("{'a': 'x y', 'b': [1, 2]}", "{'a': 'x y', 'b': [1, 2]}", {}),
    ("texts[-1]", "texts[-1]", {}),
    ("texts[:-k]", "texts[:-k]", {}),
    ("(x --whole)", "(x --whole)", {}),
    ("f('--whole')", "f('--whole')", {}),
    ("['it\\'s'] -k 1", "['it\\'s']", {"top_k": 1}),
    ('"it\'s" -k 1', '"it\'s"', {"top_k": 1}),
    ("t --top-k 1,024", "t", {"top_k": 1024}),
    ("t --top_k 3", "t", {"top_k": 3}),
    ("t --batch-tokens 2_048", "t", {"batch_tokens": 2048}),
    ("t --threshold .25", "t", {"threshold": 0.25}),
    ("t --threshold 1e-2", "t", {"threshold": 0.01}),
    ("t --device cuda:1", "t", {"device": "cuda:1"}),
    ("t -m owner/name -o r", "t", {"model": "owner/name", "out": "r"}),
    ("t -l politics,sport", "t", {"labels": "politics,sport"}),
    ("t --labels 'world politics, sport'", "t", {"labels": "world politics, sport"}),
    ('t --labels "a,b" --template "It is {}."', "t", {"labels": "a,b", "template": "It is {}."}),
    ("t --template {}", "t", {"template": "{}"}),
    ("t --multi-label --whole", "t", {"multi_label": True, "whole": True}),
    ("t --labels a,b\t--multi-label", "t", {"labels": "a,b", "multi_label": True}),
    ("电影 --column 评论", "电影", {"column": "评论"}),
    ("t\u3000--whole", "t", {"whole": True}),  # an ideographic space, as a Chinese keyboard types it
    ("reviews;", "reviews", {}),
    ("t -k 1 ;", "t", {"top_k": 1}),
    ("t --template 'a; {};'", "t", {"template": "a; {};"}),
    ("t --out -x", "t", {"out": "-x"}),  # only `--` ends the wait for a value
]

# Line, variables, values.
FILLED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("t --model {name}", {"name": "owner/name"}, {"model": "owner/name"}),
    ("t --model '{name}'", {"name": "owner/name"}, {"model": "owner/name"}),
    ("t --model={name}", {"name": "owner/name"}, {"model": "owner/name"}),
    ("t --top-k {k}", {"k": 3}, {"top_k": 3}),
    ("t --top-k {k + 1}", {"k": 3}, {"top_k": 4}),
    ("t --device {where}", {"where": "cpu"}, {"device": "cpu"}),
    ("t --threshold {1 / 4}", {}, {"threshold": 0.25}),
    ("t --labels {topics}", {"topics": ["a", "b, c"]}, {"labels": ["a", "b, c"]}),
    ("t --labels {topics}", {"topics": "a,b"}, {"labels": "a,b"}),
    ("t --labels {d['x y']}", {"d": {"x y": "a,b"}}, {"labels": "a,b"}),
    ("t --column {column}", {"column": 0}, {"column": "0"}),
    ("t --column {}", {}, {"column": "{}"}),
    ("t --template '{ }'", {}, {"template": "{ }"}),
    ("t --template 'so {x}'", {}, {"template": "so {x}"}),  # only a value that is all braces
]


@pytest.mark.parametrize(("line", "expression", "values"), LINES, ids=[line for line, _, _ in LINES])
def test_a_line_is_read(line: str, expression: str, values: dict[str, Any]) -> None:
    assert parsed(line) == ParsedLine(expression, values)


@pytest.mark.parametrize(("line", "namespace", "values"), FILLED, ids=[line for line, _, _ in FILLED])
def test_a_variable_is_filled_in(line: str, namespace: dict[str, Any], values: dict[str, Any]) -> None:
    assert parsed(line, **namespace).values == values


def test_an_unknown_variable_in_a_value_is_told() -> None:
    with pytest.raises(UserError, match=r"^There is no variable topic\. Did you mean topics\?$"):
        parsed("t --labels {topic}", topics=["a"])


def test_a_value_that_is_a_wrong_choice_after_filling_is_told() -> None:
    with pytest.raises(UserError, match=r"^`--device` cannot be 'gpu'\."):
        parsed("t --device {where}", where="gpu")


PIECES = ["--", "-k", "--labels", "--labels=", "--whole", "--threshold", "'", '"', "\\", "(", ")", "[", "]", "{", "}"]
PIECES += [
    "=",
    " ",
    "  ",
    "\t",
    ",",
    "a",
    "b",
    "x",
    "1",
    "0.5",
    "é",
    "电",
    "👩‍👧",
    "\x00",
    "\ud800",
    "\u202e",
    "\n",
    "-",
]
noise = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30)


@settings(max_examples=3000)
@given(noise)
def test_only_our_own_error_leaves_a_random_line(line: str) -> None:
    try:
        found = parsed(line)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert set(found.values) <= {option.key for option in OPTIONS}
        assert not any(word.startswith("--") for word in found.expression.split(" ")[:1])


@settings(max_examples=500)
@given(noise)
def test_only_our_own_error_leaves_a_random_expression(expression: str) -> None:
    try:
        evaluate(expression, {"a": 1, "b": "x"})
    except UserError as error:
        assert "\n" not in str(error)


plain = st.text("abcé电 ,.=-", min_size=1, max_size=12).filter(lambda text: not text.startswith("-"))


@settings(max_examples=500)
@given(column=plain, labels=plain, k=st.integers(1, 10**6), whole=st.booleans(), quote=st.sampled_from("'\""))
def test_what_is_quoted_comes_back(column: str, labels: str, k: int, whole: bool, quote: str) -> None:
    line = f"some[thing] --column {quote}{column}{quote} -k {k} --labels={quote}{labels}{quote}{' --whole' * whole}"
    values = {"column": column, "top_k": k, "labels": labels} | ({"whole": True} if whole else {})
    assert parsed(line) == ParsedLine("some[thing]", values)


@settings(max_examples=500)
@given(st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\\{}"), max_size=20))
def test_any_value_can_be_quoted(value: str) -> None:
    escaped = value.replace("'", "\\'")
    assert parsed(f"t --column '{escaped}'").values == {"column": value}


@settings(max_examples=300)
@given(
    st.recursive(st.integers(-9, 9) | st.text("ab '\"\\()[]", max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_any_expression_of_python_passes_unbroken(value: object) -> None:
    found = parsed(f"{value!r} -k 1")
    assert found.values == {"top_k": 1}
    assert evaluate(found.expression, {}) == value


@pytest.mark.parametrize("backslashes", range(4))
def test_a_backslash_before_the_closing_quote(backslashes: int) -> None:
    value = "C:" + "\\" * backslashes
    assert evaluate(parsed(f"[{value!r}] -k 1").expression, {}) == [value]


def test_quotes_are_as_the_shell_has_them() -> None:
    line = 't --column \'a "b"\' --out "it\'s"'
    words = shlex.split(line)
    assert parsed(line).values == {"column": words[2], "out": words[4]}


@pytest.mark.parametrize(
    ("text", "filled"), [("{n}", 3), ("{}", "{}"), ("{ }", "{ }"), ("n", "n"), ("{n", "{n"), ("n}", "n}")]
)
def test_only_whole_braces_are_filled_in(text: str, filled: object) -> None:
    assert filled_in(text, {"n": 3}) == filled


def test_an_expression_sees_names_inside_a_comprehension() -> None:
    assert evaluate("[x + y for x in xs]", {"xs": ["a"], "y": "b"}) == ["ab"]


def test_an_interrupt_in_an_expression_is_no_mistake_of_the_user() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate("stop()", {"stop": stop})
