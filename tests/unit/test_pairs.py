"""Questions with their contexts: how a cell, a line and two inputs make pairs."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.inputs.pairs import PairRows
from nbtransformers.inputs.rows import HeldRows, StreamedRows, read
from nbtransformers.inputs.streams import Source
from nbtransformers.magics.pairs import pairs_of
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.request import DataRef
from nbtransformers.results.pairs import Pair, Pairs
from nbtransformers.results.texts import Texts


class Stream(Source):
    """Values whose number is not known before the end."""

    total = None
    notes = ()

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def chunks(self, start: int) -> Any:
        yield from ([value] for value in self.values[start:])


def pairs(rows: PairRows, size: int = 2, start: int = 0) -> list[tuple[str, str | None]]:
    return [(str(text), text.context) for window in rows.windows(size, start) for text in window.texts]  # pyright: ignore


def held(*values: Any) -> HeldRows:
    return HeldRows(list(values))


def streamed(*values: Any) -> StreamedRows:
    return StreamedRows(Stream(list(values)))


# --- two inputs ---


@pytest.mark.parametrize("kind", [held, streamed])
@pytest.mark.parametrize("other", [held, streamed])
def test_inputs_of_one_length_are_zipped_and_a_single_row_is_repeated(kind: Any, other: Any) -> None:
    assert pairs(PairRows.of(kind("a", "b", "c"), other("x", "y", "z"))) == [("a", "x"), ("b", "y"), ("c", "z")]
    assert pairs(PairRows.of(kind("a"), other("x", "y", "z"))) == [("a", "x"), ("a", "y"), ("a", "z")]
    assert pairs(PairRows.of(kind("a", "b", "c"), other("x"))) == [("a", "x"), ("b", "x"), ("c", "x")]
    assert pairs(PairRows.of(kind("a"), other("x"))) == [("a", "x")]
    assert pairs(PairRows.of(kind("a", "b", "c"), other("x", "y", "z")), start=1) == [("b", "y"), ("c", "z")]


@pytest.mark.parametrize(
    ("questions", "contexts", "message"),
    [
        (held("a", "b"), held("x", "y", "z"), "There are 2 questions and 3 contexts."),
        (held(), held("x", "y"), "There are 0 questions and 2 contexts."),
        (streamed("a", "b"), held("x", "y", "z"), "There are 2 questions, and more contexts."),
        (streamed("a", "b", "c"), streamed("x", "y"), "There are 2 contexts, and more questions."),
        (held("  "), held("x", "y"), "The question holds no text: it is empty."),
        (held("a", "b"), held(None), "The context holds no text: it is missing."),
    ],
)
def test_inputs_that_do_not_pair_are_told_in_one_line(questions: Any, contexts: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        pairs(PairRows.of(questions, contexts))
    assert caught.value.message == message


def test_a_row_that_lacks_one_of_the_two_has_a_reason_and_keeps_the_other() -> None:
    (window,) = PairRows.of(held("a", None, "", "d"), held("x", "y", "z", 3)).windows(10)
    assert window.reasons == {
        1: "no question: missing",
        2: "no question: empty",
        3: "no context: not text (int)",
    }
    assert [text.context for text in window.texts] == ["x", "y", "z", None]  # pyright: ignore


def test_the_index_is_that_of_the_questions_or_else_of_the_contexts() -> None:
    named = HeldRows(["a", "b"], ["p", "q"])
    assert PairRows.of(named, held("x", "y")).index == ["p", "q"]
    assert PairRows.of(held("x"), named).index == ["p", "q"]
    assert PairRows.of(held("x", "y"), named).index == ["p", "q"]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_two_columns_of_a_long_file_are_read_side_by_side_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    rows, path = 200_000, tmp_path / f"pairs.{suffix}"
    frame = pd.DataFrame({"q": [f"who is {row}?" for row in range(rows)], "c": [f"it is {row}" for row in range(rows)]})
    if suffix == "parquet":
        frame.to_parquet(path, row_group_size=10_000)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")), encoding="utf-8")
    del frame
    found = PairRows.of(*(read(DataRef("file", str(path), column=column), {}) for column in ("q", "c")))
    tracemalloc.start()
    count = 0
    for window in found.windows(4_000):
        text = window.texts[0]
        assert isinstance(text, Pair)
        assert (str(text), text.context) == (f"who is {window.start}?", f"it is {window.start}")
        count += len(window.texts)
    assert count == rows
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


# --- packed ---


@given(st.lists(st.tuples(st.text(max_size=5), st.none() | st.text(max_size=5)), max_size=6), st.booleans())
def test_packed_pairs_read_like_a_list(rows: list[tuple[str, str | None]], shared: bool) -> None:
    contexts = [context for _, context in rows]
    if shared and rows:
        contexts = [contexts[0]] * len(rows)
    packed = Pairs(Texts(question for question, _ in rows), Texts(contexts[:1] if shared and rows else contexts))
    told = [(str(pair), pair.context) for pair in packed]
    assert told == [(question, context) for (question, _), context in zip(rows, contexts, strict=True)]
    assert [(str(packed[row]), packed[row].context) for row in range(len(packed))] == told
    assert [pair.context for pair in packed[1:3]] == contexts[1:3]
    assert packed == packed[:]


# --- a cell and a line ---

CELLS = [
    ("question: who?\nAda.", [("who?", "Ada.")]),
    ("question: who?\nquestion: where?\nAda in London.", [("who?", "Ada in London."), ("where?", "Ada in London.")]),
    ("Question:who?\ncontext: Ada.\n\nLondon.\n", [("who?", "Ada.\n\nLondon.")]),
    (
        "\nquestion: a?\none\n\nquestion: b?\ntwo\nquestion: c?\n\nthree",
        [("a?", "one"), ("b?", "two"), ("c?", "three")],
    ),
    ("question: a?\n\nquestion: b?\nboth", [("a?", "both"), ("b?", "both")]),
    ("question：谁?\n艾达。", [("谁?", "艾达。")]),
    ("question: a?\nthe question: is it?\n question: b?\nc", [("a?", "the question: is it?"), ("b?", "c")]),
]


def of(cell: str | None, expression: str = "", namespace: dict[str, Any] | None = None, **values: Any) -> list[Any]:
    questions, contexts, objects = pairs_of(ParsedLine(expression, {}), cell, values, namespace or {})
    return pairs(PairRows.of(read(questions, objects), read(contexts, objects)))


@pytest.mark.parametrize(("cell", "expected"), CELLS)
def test_a_cell_asks_in_its_question_lines_and_answers_below(cell: str, expected: list[tuple[str, str]]) -> None:
    assert of(cell) == expected


def test_a_context_may_come_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("one\n", encoding="utf-8")
    assert of("a?\nb?", context="text", namespace={"text": "long"}) == [("a?", "long"), ("b?", "long")]
    assert of("a?\nb?", context="texts", namespace={"texts": ["x", "y"]}) == [("a?", "x"), ("b?", "y")]
    assert of("a?\nb?", context=["x", "y"]) == [("a?", "x"), ("b?", "y")]
    assert of("a?", context=str(tmp_path / "c.txt")) == [("a?", "one")]


def test_a_line_names_a_table_or_two_things(tmp_path: Path) -> None:
    frame = pd.DataFrame({"question": ["a?"], "context": ["x"], "q": ["b?"]})
    frame.to_csv(tmp_path / "pairs.csv", index=False)
    names = {"df": frame, "asked": ["c?"], "text": "y"}
    assert of(None, "df", names) == [("a?", "x")]
    assert of(None, "df", names, question="q") == [("b?", "x")]
    assert of(None, "df", names, question="q", context="text") == [("b?", "y")]
    assert of(None, "asked", names, context="text") == [("c?", "y")]
    assert of(None, str(tmp_path / "pairs.csv"), names, question="q") == [("b?", "x")]
