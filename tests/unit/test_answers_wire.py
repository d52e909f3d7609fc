"""Answers and filled masks as bytes: both ends are held to golden files, and any result is read as it was written."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answered import answers, span
from bs4 import BeautifulSoup
from filled import filling
from helpers import RUN
from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS

from nbtransformers.panels.answering import methods as answer_methods
from nbtransformers.panels.answering import wire as answer_wire
from nbtransformers.panels.answering.shown import EXCERPT
from nbtransformers.panels.answering.snapshot import answers_snapshot
from nbtransformers.panels.filling import methods as fill_methods
from nbtransformers.panels.filling import wire as fill_wire
from nbtransformers.panels.filling.snapshot import filling_snapshot
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import CLIPPED_AT, INLINE_ROWS
from nbtransformers.results.answers import Answers
from nbtransformers.results.filling import Filling
from nbtransformers.results.rows import NOT_DONE

FOLDER = Path(__file__).parent.parent / "golden"
ANSWERS: dict[str, Any] = json.loads((FOLDER / "answer.json").read_text(encoding="utf-8"))
FILLED: dict[str, Any] = json.loads((FOLDER / "fill.json").read_text(encoding="utf-8"))["masks"]


def arrays(sections: list[dict[str, Any]], payload: bytes) -> dict[str, Any]:
    """Every section, and every string table as a list of texts."""
    found: dict[str, Any] = {}
    for section in sections:
        assert section["offset"] % 8 == 0
        part = payload[section["offset"] : section["offset"] + section["nbytes"]]
        assert len(part) == section["nbytes"]
        found[section["name"]] = np.frombuffer(part, section["dtype"]).reshape(section["shape"])
    for name in [name.removesuffix("_bytes") for name in found if name.endswith("_bytes")]:
        data = found.pop(f"{name}_bytes").tobytes()
        found[name] = [data[start:stop].decode("utf-8") for start, stop in pairwise(found.pop(f"{name}_offsets"))]
    return found


def answers_of(case: dict[str, Any]) -> Answers:
    rows = case["rows"]
    shared = len(arrays(case["header"]["sections"], base64.b64decode(case["payload_base64"]))["contexts"]) == 1
    contexts = [None if row["reason"] == "no context: missing" else row["context"] for row in rows]
    return answers(
        [row["question"] for row in rows],
        contexts[0] if shared else contexts,
        [
            None if row["reason"] else [(found["start"], found["end"], found["score"]) for found in row["answers"]]
            for row in rows
        ],
        none=[np.nan if row["none"] is None else row["none"] for row in rows],
        reasons={number: row["reason"] for number, row in enumerate(rows) if row["reason"]},
        index=[row["index"] for row in rows],
    )


def filling_of(case: dict[str, Any]) -> Filling:
    rows = case["rows"]
    return filling(
        [None if row["reason"] == "missing" else row["text"] for row in rows],
        [
            None
            if row["reason"]
            else [[(found["word"], found["probability"]) for found in mask["fillings"]] for mask in row["masks"]]
            for row in rows
        ],
        reasons={number: row["reason"] for number, row in enumerate(rows) if row["reason"]},
        index=[row["index"] for row in rows],
    )


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert list(ours) == list(theirs)
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)
        assert getattr(ours[name], "dtype", None) == getattr(array, "dtype", None), name


@pytest.mark.parametrize("name", ANSWERS)
def test_golden_answers_are_what_we_write(name: str) -> None:
    case = ANSWERS[name]
    header, payload = answer_wire.answers_header(answers_of(case))
    theirs = case["header"]
    assert set(header) == set(theirs)
    for key in ("version", "kind", "question", "rows", "inline", "totals"):
        assert header[key] == theirs[key], key
    same(arrays(header["sections"], payload), arrays(theirs["sections"], base64.b64decode(case["payload_base64"])))


def test_golden_fillings_are_what_we_write() -> None:
    header, payload = fill_wire.filling_header(filling_of(FILLED))
    theirs = FILLED["header"]
    assert set(header) == set(theirs)
    same(arrays(header["sections"], payload), arrays(theirs["sections"], base64.b64decode(FILLED["payload_base64"])))


@pytest.mark.parametrize("name", [*ANSWERS, "masks"])
def test_golden_queries_find_the_rows_that_are_told(name: str) -> None:
    if name == "masks":
        case, asked = FILLED, fill_methods.methods(filling_of(FILLED))["rows"]
    else:
        case, asked = ANSWERS[name], answer_methods.methods(answers_of(ANSWERS[name]))["rows"]
    for query in case["queries"]:
        told, (payload,) = asked(query["params"])
        assert told["total"] == query["total"], query
        assert arrays(told["sections"], payload)["position"].tolist() == query["positions"], query


# --- any result ---

TEXT = st.text(alphabet=st.characters(exclude_categories=[]), max_size=20)


@st.composite
def any_answers(draw: st.DrawFn) -> Answers:
    rows = draw(st.lists(st.tuples(TEXT, TEXT), max_size=5))
    found: list[Any] = []
    for _, context in rows:
        spans = st.tuples(st.integers(0, len(context)), st.integers(0, len(context))).map(sorted)
        scores = st.floats(0, 1, width=32)
        one = st.tuples(spans, scores).map(lambda pair: (*pair[0], pair[1])) | scores.map(lambda score: (-1, -1, score))
        found.append(draw(st.none() | st.lists(one, max_size=3)))
    return answers([row[0] for row in rows], [row[1] for row in rows], found)


@settings(max_examples=80, deadline=None)
@given(any_answers())
def test_any_answers_are_read_as_they_were_written(result: Answers) -> None:
    for header, payload in (answer_wire.answers_header(result), answer_wire.partial_header(result, None)):
        text = json.dumps(header, ensure_ascii=False, allow_nan=False)
        assert json.loads(text.encode("utf-8").decode("utf-8")) == header
        read = arrays(header["sections"], payload)
        assert len(read["position"]) == len(result)
        assert read["answers"] == [
            sendable(found.answer or "") for row in range(len(result)) for found in result.of(row)
        ]
        np.testing.assert_array_equal(read["start"], result.found.flat["start"])
    answers_snapshot("x", result).encode("utf-8")
    str(result)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=3)), max_size=4))
def test_any_fillings_are_read_as_they_were_written(rows: list[Any]) -> None:
    prompts = [before.replace("[MASK]", "") + "".join(" [MASK] " for _ in masks) for before, masks in rows]
    result = filling(prompts, [[[(first, 0.5), (second, 0.25)] for first, second in masks] for _, masks in rows])
    for header, payload in (fill_wire.filling_header(result), fill_wire.partial_header(result, None)):
        json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8")
        read = arrays(header["sections"], payload)
        assert read["masks"].tolist() == result.found.rows.tolist()
        assert read["filled"] == [sendable(result.filled(row) or "") for row in range(len(result))]
    filling_snapshot("x", result).encode("utf-8")
    str(result)


def test_a_long_context_travels_in_part_and_is_asked_for() -> None:
    context = f"{'x ' * 400_000}London {'y ' * 400_000}"
    result = answers(["Where?"] * 3, context, [[span(context, "London", 0.5)]] * 3)
    header, payload = answer_wire.answers_header(result)
    assert not header["inline"] and len(payload) < 10_000
    read = arrays(header["sections"], payload)
    assert "London" in read["contexts"][0]
    answer, _ = answer_methods.methods(result)["context"]({"position": 2})
    assert len(answer["text"]) == EXCERPT and answer["length"] == len(context)
    assert context[answer["start"] :].startswith(answer["text"]) and "London" in answer["text"]


def test_many_rows_are_paged_and_long_texts_clipped() -> None:
    rows = INLINE_ROWS + 1
    result = answers(["q" * (CLIPPED_AT + 1)] * rows, ["c"] * rows, [[(0, 1, 0.5)]] * rows, index=None)
    header, payload = answer_wire.answers_header(result)
    assert not header["inline"] and header["question"] is not None
    assert len(arrays(header["sections"], payload)["questions"][0]) == CLIPPED_AT
    filled = filling(["[MASK] " + "t" * CLIPPED_AT] * rows, [[[("a", 0.5)]]] * rows)
    header, payload = fill_wire.filling_header(filled)
    assert not header["inline"]
    assert len(arrays(header["sections"], payload)["texts"][0]) == CLIPPED_AT


def test_rows_to_come_are_no_rows_without_an_answer() -> None:
    reasons = {1: "no question: empty", 2: NOT_DONE}
    result = answers(["a", "", "c"], ["x", "y", "z"], [[(0, 1, 0.5)], None, None], reasons=reasons)
    header, payload = answer_wire.partial_header(result, 9)
    assert (header["rows"], header["done"]) == (9, 2)
    assert header["totals"] == {"counts": [1, 0], "without_score": 1}
    assert arrays(header["sections"], payload)["flags"].tolist() == [0, 0, 4]


def everywhere(text: str) -> list[str]:
    """The snapshots of results that have this text wherever a result has text."""
    run = replace(RUN, model=text, device=text)
    told = {"index": [text] * 3, "notes": [text], "run": run}
    context = f"a {text} b"
    found = [[(2, 2 + len(text), 0.5), (-1, -1, 0.25)], [(-1, -1, 0.5)], None]
    written = [text, text, text]
    fillings = [[[(text, 0.5), (f"##{text}", 0.25)]], None, None]
    return [
        answers_snapshot("id", answers([text] * 3, [context] * 3, found, reasons={2: text}, **told)),
        answers_snapshot("id", answers([text] * 3, [context] * 3, found, reasons={2: text}, written=written, **told)),
        filling_snapshot("id", filling([f"{text} [MASK]", text, text], fillings, reasons={1: text}, **told)),
    ]


def skeleton(html: str) -> list[tuple[str, dict[str, Any]]]:
    """Every element with its attributes, in order."""
    return [(element.name, dict(element.attrs)) for element in BeautifulSoup(html, "html.parser").find_all()]


HARMLESS = list(map(skeleton, everywhere("harmless")))


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_element_or_attribute_comes_from_the_data(text: str) -> None:
    assert list(map(skeleton, everywhere(text))) == HARMLESS
