"""A result as bytes: what is written is what is read, and both ends are held to one golden file."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import GOLDEN, RUN, classification, decoded, golden
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.panels.classification.methods import methods
from nbtransformers.panels.classification.wire import classification_header, page, partial_header
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import CLIPPED_AT, FIRST_ROWS, INLINE_BYTES, INLINE_ROWS, PARTIAL_CLIPPED_AT
from nbtransformers.results.classification import Classification
from nbtransformers.results.rows import NOT_DONE


def read_back(result: Classification) -> list[dict[str, Any]]:
    header, payload = classification_header(result)
    return decoded(header["sections"], payload)


# --- the golden file ---


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_rows_are_read_as_they_are_told(name: str) -> None:
    case = GOLDEN[name]
    rows = decoded(case["header"]["sections"], base64.b64decode(case["payload_base64"]))
    assert len(rows) == len(case["rows"])
    for position, (row, told) in enumerate(zip(rows, case["rows"], strict=True)):
        assert row["position"] == position
        assert {key: row[key] for key in ("index", "text", "reason", "clipped", "cut")} == {
            key: told[key] for key in ("index", "text", "reason", "clipped", "cut")
        }
        nothing = [np.nan] * len(case["header"]["labels"])
        np.testing.assert_allclose(row["scores"], nothing if told["scores"] is None else told["scores"], atol=1e-6)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_bytes_are_what_we_write(name: str) -> None:
    case = GOLDEN[name]
    header, payload = classification_header(golden(name))
    written, expected = bytearray(payload), case["header"]
    (flags,) = [section for section in header["sections"] if section["name"] == "flags"]
    for row, told in enumerate(case["rows"]):
        written[flags["offset"] + row] |= told["clipped"]  # the file's clipped text is short, for readers
    assert header["sections"] == expected["sections"]
    assert bytes(written) == base64.b64decode(case["payload_base64"])
    assert set(header) == set(expected)
    for key in set(expected) - {"subtitle", "facts"}:
        assert header[key] == expected[key], key


# --- there and back ---

PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # two halves that make a character
any_text = st.text(st.characters(categories=None), max_size=20)
score = st.floats(0, 1, width=32)


@st.composite
def results(draw: st.DrawFn) -> Classification:
    """Any result: odd texts, odd labels, rows without a score."""
    labels = draw(st.lists(any_text, min_size=1, max_size=4, unique=True))
    texts = draw(st.lists(st.none() | any_text, max_size=12))
    scores = [draw(st.none() | st.lists(score, min_size=len(labels), max_size=len(labels))) for _ in texts]
    named = draw(st.booleans())
    return classification(
        texts,
        scores,
        labels=labels,
        reasons={row: draw(any_text.filter(bool)) for row, values in enumerate(scores) if values is None},
        index=pd.Index([draw(any_text | st.integers()) for _ in texts], dtype=object) if named else None,
        problem=draw(st.sampled_from(["single_label", "multi_label"])),
        unread=[draw(st.integers(0, 3)) for _ in texts],
        notes=draw(st.lists(any_text, max_size=2)),
    )


@settings(max_examples=200)
@given(results())
def test_what_is_written_is_read(result: Classification) -> None:
    rows = read_back(result)
    assert len(rows) == len(result)
    for number, row in enumerate(rows):
        assert row["position"] == number
        assert row["index"] == (str(number) if result.index is None else sendable(str(result.index[number])))
        assert row["text"] == sendable(result.texts[number] or "")
        reason = result.reasons.get(number)
        assert row["reason"] == (None if reason is None else sendable(reason))
        assert row["cut"] == (result.unread[number] > 0)
        np.testing.assert_array_equal(row["scores"], result.scores[number])


@settings(max_examples=100)
@given(results())
def test_a_header_is_json_that_utf8_can_carry(result: Classification) -> None:
    header, payload = classification_header(replace(result, method="\ud800", run=replace(RUN, model="\udfff")))
    text = json.dumps(header, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode("utf-8").decode("utf-8")) == header
    assert type(payload) is bytes
    assert sum(header["totals"]["counts"]) >= 0
    assert header["totals"]["without_score"] == int((~result.scored).sum())


@given(st.text(st.characters(categories=None), max_size=30).filter(lambda text: not PAIR.search(text)))
def test_only_lone_surrogates_are_replaced(text: str) -> None:
    sent = sendable(text)
    sent.encode("utf-8")
    assert len(sent) == len(text)
    for before, after in zip(text, sent, strict=True):
        assert after == ("\ufffd" if 0xD800 <= ord(before) <= 0xDFFF else before)


# --- many rows, long texts ---


@pytest.mark.parametrize("rows", [0, 1, INLINE_ROWS, INLINE_ROWS + 1])
def test_few_rows_are_all_sent_and_many_only_begun(rows: int) -> None:
    result = classification(["t"] * rows, [[0.1, 0.9]] * rows)
    header, payload = classification_header(result)
    inline = rows <= INLINE_ROWS
    assert (header["rows"], header["inline"]) == (rows, inline)
    assert len(decoded(header["sections"], payload)) == (rows if inline else FIRST_ROWS)
    assert header["totals"]["counts"] == [0, rows]


@pytest.mark.parametrize(
    ("text", "clipped"), [("x" * CLIPPED_AT, False), ("x" * (CLIPPED_AT + 1), True), ("🎬" * (CLIPPED_AT + 1), True)]
)
def test_a_long_text_is_clipped_and_can_be_had_whole(text: str, clipped: bool) -> None:
    result = classification([text, "\ud800"], [[0.1, 0.9]] * 2)
    row = decoded(*page(result, np.array([0])))[0]
    assert (row["text"], row["clipped"]) == (text[:CLIPPED_AT], clipped)
    assert read_back(result)[0]["text"] == text, "a small result is sent whole"
    assert methods(result)["text"]({"position": 0}) == ({"text": text}, [])
    assert methods(result)["text"]({"position": 1}) == ({"text": "\ufffd"}, [])


def test_rows_come_in_the_order_asked_for() -> None:
    result = classification(["a", "b", "c"], [[0.1, 0.9], None, [0.8, 0.2]], index=["x", "y", "z"])
    rows = decoded(*page(result, np.array([2, 0])))
    assert [(row["position"], row["index"], row["text"]) for row in rows] == [(2, "z", "c"), (0, "x", "a")]


def test_more_reasons_than_a_byte_can_number_lose_none_of_the_rows() -> None:
    result = classification(["t"] * 300, [None] * 300, reasons={row: f"why {row:03}" for row in range(300)})
    rows = read_back(result)
    assert [row["reason"] for row in rows[:254]] == [f"why {row:03}" for row in range(254)]
    assert {row["reason"] for row in rows[254:]} == {"another reason: see .reasons"}


@pytest.mark.parametrize(
    ("text", "inline"),
    [("x" * 900_000, True), ("x" * 1_100_000, False)],
    ids=["small", "large"],
)
def test_all_rows_are_sent_whole_or_paged(text: str, inline: bool) -> None:
    header, payload = classification_header(classification([*["t"] * 200, text], [[0.1, 0.9]] * 201))
    assert header["inline"] is inline
    assert len(decoded(header["sections"], payload)) == (201 if inline else FIRST_ROWS)


@pytest.mark.parametrize("width", [100, 2000])
def test_all_rows_are_sent_only_when_they_are_light(width: int) -> None:
    result = classification(["t"] * 1000, [[0.5] * width] * 1000, labels=[str(number) for number in range(width)])
    header, payload = classification_header(result)
    assert header["inline"] is (width == 100)
    assert len(payload) <= INLINE_BYTES


def test_levels_and_days_are_named_plainly() -> None:
    levels = pd.MultiIndex.from_product([["k"], [1, 2]])
    for index, names in ((levels, ["k · 1", "k · 2"]), (pd.date_range("2026-01-31", periods=1), ["2026-01-31"])):
        result = classification(["x"] * len(names), [[0.1, 0.9]] * len(names), index=index)
        assert [row["index"] for row in read_back(result)] == names


# --- totals ---


def test_regression_is_summed_up_as_a_histogram() -> None:
    result = classification(["t"] * 4, [[1.0], [2.0], None, [4.0]], labels=("stars",), problem="regression")
    totals = classification_header(result)[0]["totals"]
    assert (sum(totals["counts"]), len(totals["edges"]), totals["without_score"]) == (3, len(totals["counts"]) + 1, 1)
    assert (totals["min"], totals["max"], totals["mean"]) == (1.0, 4.0, pytest.approx(7 / 3))


@pytest.mark.parametrize("rows", [[], [None, None]])
def test_regression_without_values_has_no_histogram(rows: list[Any]) -> None:
    result = classification(["t"] * len(rows), rows, labels=("stars",), problem="regression")
    totals = classification_header(result)[0]["totals"]
    assert totals == {"counts": [], "edges": [], "mean": None, "min": None, "max": None, "without_score": len(rows)}


def test_a_label_of_several_is_counted_at_the_threshold() -> None:
    result = classification(["a", "b"], [[0.7, 0.69], [0.7, 0.9]], problem="multi_label", threshold=0.7)
    assert classification_header(result)[0]["totals"] == {"counts": [2, 1], "without_score": 0}


# --- a result as it stands ---


def as_it_stands(done: int, rows: int, texts: int | None = None) -> Classification:
    """A result of which the first rows are done, and one of them could not be scored."""
    read = rows if texts is None else texts
    scores: list[Any] = [[0.1, 0.9] if row < done else None for row in range(read)]
    scores[1] = None
    reasons = {1: "empty", **dict.fromkeys(range(done, read), NOT_DONE)}
    return classification(["t" * 1000] * read, scores, reasons=reasons)


def test_rows_that_have_yet_to_come_are_no_rows_without_a_score() -> None:
    header, payload = partial_header(as_it_stands(3, 6), 6)
    rows = decoded(header["sections"], payload)
    assert (header["partial"], header["inline"], header["rows"], header["done"]) == (True, False, 6, 3)
    assert header["totals"] == {"counts": [0, 2], "without_score": 1}
    assert [row["pending"] for row in rows] == [False, False, False, True, True, True]
    assert [row["reason"] for row in rows] == [None, "empty", None, None, None, None]
    assert all(len(row["text"]) == PARTIAL_CLIPPED_AT and row["clipped"] for row in rows)


@pytest.mark.parametrize(("known", "rows"), [(9000, 9000), (None, 300)])
def test_only_the_first_rows_are_sent_and_all_are_counted(known: int | None, rows: int) -> None:
    header, payload = partial_header(as_it_stands(3, 9000, texts=300), known)
    assert (header["rows"], header["done"]) == (rows, 3)
    assert len(decoded(header["sections"], payload)) == FIRST_ROWS
    assert len(payload) < 60_000


def test_a_regression_is_spread_by_what_is_done() -> None:
    reasons = {2: NOT_DONE}
    result = classification(["a", "b", "c"], [[1.0], [2.0], None], labels=("v",), problem="regression", reasons=reasons)
    header, _ = partial_header(result, 3)
    assert (header["totals"]["mean"], header["totals"]["without_score"]) == (1.5, 0)


@settings(max_examples=50)
@given(results())
def test_a_partial_header_is_json_too(result: Classification) -> None:
    header, payload = partial_header(result, None)
    text = json.dumps(header, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode("utf-8").decode("utf-8")) == header
    assert len(decoded(header["sections"], payload)) == len(result)


def test_a_finished_result_has_no_rows_to_come() -> None:
    result = as_it_stands(3, 6)
    header, payload = classification_header(result)
    assert "partial" not in header
    assert not any(row["pending"] for row in decoded(header["sections"], payload))
    assert header["totals"]["without_score"] == 4  # an interrupt left them
