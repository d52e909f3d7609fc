"""The static snapshot: it says what the panel says, and nothing in it comes from the data but text."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import classification
from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS as INJECTIONS
from payloads import everywhere

from nbtransformers.panels.classification.snapshot import SNAPSHOT_ROWS, classification_snapshot
from nbtransformers.panels.snapshot import pending_snapshot


def skeleton(html: str) -> list[tuple[str, dict[str, Any]]]:
    """Every element with its attributes, in order; a colour may follow the meaning of a label."""
    html = re.sub("#[0-9a-f]{6}", "#colour", html)
    return [(element.name, dict(element.attrs)) for element in BeautifulSoup(html, "html.parser").find_all()]


def words(html: str) -> list[str]:
    return [line for line in BeautifulSoup(html, "html.parser").get_text("\n").split("\n") if line.strip()]


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_no_element_or_attribute_comes_from_the_data(text: str, problem: str) -> None:
    harmless = classification_snapshot("id", everywhere("harmless", problem))
    html = classification_snapshot("id", everywhere(text, problem))
    assert skeleton(html) == skeleton(harmless)
    html.encode("utf-8")


@settings(max_examples=200)
@given(
    st.text(st.sampled_from("<>&\"'/!-=; abscript\x00\n\ud800"), min_size=1, max_size=25)
    | st.text(st.characters(categories=None), min_size=1)
)
def test_no_random_text_becomes_markup(text: str) -> None:
    assert skeleton(classification_snapshot("id", everywhere(text))) == skeleton(
        classification_snapshot("id", everywhere("harmless"))
    )


@pytest.mark.parametrize(
    "text", [text for text in INJECTIONS if len(text) <= 400 and not re.search("[\x00\r\ud800-\udfff]", text)]
)
def test_what_is_shown_is_the_text_itself(text: str) -> None:
    cells = BeautifulSoup(classification_snapshot("id", everywhere(text)), "html.parser").find_all("td")
    assert text in [cell.get_text() for cell in cells]


def test_what_work_is_pending_is_only_text_too() -> None:
    assert skeleton(pending_snapshot("id", "<b>x</b>")) == skeleton(pending_snapshot("id", "x"))
    assert "<b>x</b>: not finished when this notebook was saved." in words(pending_snapshot("id", "<b>x</b>"))


def test_a_page_needs_no_script_and_fetches_nothing() -> None:
    for html in (classification_snapshot("id", everywhere("x")), pending_snapshot("id", "x")):
        found = skeleton(html)
        assert {name for name, _ in found} <= {
            *("style", "div", "p", "strong", "em", "span", "table", "thead", "tbody", "tr", "th", "td")
        }
        allowed = {"style", "class", "dir", "role"}
        assert {attribute for _, attributes in found for attribute in attributes} <= allowed
        assert "url(" not in html
        assert "@import" not in html


def rows_of(html: str) -> list[list[str]]:
    """The text of the cells of the table of rows."""
    table = BeautifulSoup(html, "html.parser").find_all("table")[-1]
    return [[cell.get_text() for cell in row.find_all("td")] for row in table.find("tbody").find_all("tr")]


@pytest.mark.parametrize(
    ("rows", "shown", "more"),
    [
        (1, 1, None),
        (SNAPSHOT_ROWS, SNAPSHOT_ROWS, None),
        (SNAPSHOT_ROWS + 1, SNAPSHOT_ROWS, "… 1 more row."),
        (1250, SNAPSHOT_ROWS, "… 1,200 more rows."),
    ],
)
def test_the_first_rows_are_shown_and_the_others_counted(rows: int, shown: int, more: str | None) -> None:
    html = classification_snapshot("id", classification([f"text {n}" for n in range(rows)], [[0.1, 0.9]] * rows))
    assert [cells[3] for cells in rows_of(html)] == [f"text {n}" for n in range(shown)]
    assert [line for line in words(html) if "more row" in line] == ([more] if more else [])


def test_a_row_has_its_index_label_score_and_text() -> None:
    html = classification_snapshot(
        "id", classification(["good", None, "bad"], [[0.1, 0.9], None, [0.75, 0.25]], index=["x", "y", "z"])
    )
    assert rows_of(html) == [
        ["x", "positive", "0.900", "good"],
        ["y", "missing", "–", ""],
        ["z", "negative", "0.750", "bad"],
    ]


def test_levels_and_days_are_named_plainly() -> None:
    levels = pd.MultiIndex.from_product([["k"], [1, 2]])
    for index, name in ((levels, "k · 1"), (pd.date_range("2026-01-31", periods=2), "2026-01-31")):
        html = classification_snapshot("id", classification(["x", "y"], [[0.1, 0.9]] * 2, index=index))
        assert rows_of(html)[0][0] == name


@pytest.mark.parametrize(
    ("labels", "more"), [(12, None), (13, "… 1 more label"), (1000, "… 988 more labels")], ids=["12", "13", "1000"]
)
def test_of_many_labels_the_largest_are_counted(labels: int, more: str | None) -> None:
    names = [f"label {number}" for number in range(labels)]
    scores = np.zeros((3, labels), np.float32)
    scores[[0, 1, 2], [labels - 1, labels - 1, 5]] = 1
    html = classification_snapshot("id", classification(["x"] * 3, scores.tolist(), labels=names))
    totals = BeautifulSoup(html, "html.parser").find_all("table")[0].find_all("tr")
    counted = [[cell.get_text() for cell in row.find_all("td")][:2] for row in totals]
    assert len(counted) == 12 + (more is not None)
    assert [f"label {labels - 1}", "2"] in counted
    assert ["label 5", "1"] in counted
    if more is None:
        assert [name for name, _ in counted] == names  # all of them: in their own order
    else:
        assert counted[0][0] == f"label {labels - 1}"
        assert counted[-1][0] == more


def test_totals_notes_and_method_are_told() -> None:
    result = classification(["a", "b", None], [[0.1, 0.9]] * 2 + [None], notes=["One was cut."], method="softmax")
    found = words(classification_snapshot("id", result))
    assert found[:2] == ["a-model", "3 texts · 400 ms · cpu"]
    assert found[2:11] == ["negative", "0", "0%", "positive", "2", "67%", "without a score", "1", "33%"]
    assert "⚠ One was cut." in found
    assert found[-1] == "Scores: softmax."


def test_no_rows_is_told() -> None:
    assert "No texts." in words(classification_snapshot("id", classification([], [])))


def test_a_long_text_is_cut() -> None:
    (row,) = rows_of(classification_snapshot("id", classification(["x" * 5000], [[0.1, 0.9]])))
    assert row[3] == "x" * 400 + "…"


def test_several_labels_are_shown_for_multi_label_and_top_k() -> None:
    scores = [[0.9, 0.1, 0.7], [0.1, 0.1, 0.1]]
    options: dict[str, Any] = {"labels": ("red", "green", "blue"), "problem": "multi_label"}
    assert [
        row[1] for row in rows_of(classification_snapshot("id", classification(["x", "y"], scores, **options)))
    ] == [
        "red blue",
        "",
    ]
    top = classification(["x", "y"], scores, top_k=2, **options)
    assert [row[1] for row in rows_of(classification_snapshot("id", top))] == ["red blue", "red green"]


def test_regression_shows_values_and_their_spread() -> None:
    result = classification(["x", "y"], [[1.5], [-2.5]], labels=("stars",), problem="regression")
    html = classification_snapshot("id", result)
    assert [row[1:3] for row in rows_of(html)] == [["", "1.500"], ["", "-2.500"]]
    assert "mean -0.500 · from -2.500 to 1.500" in words(html)


def test_the_snapshot_is_paired_with_its_panel() -> None:
    frame = BeautifulSoup(classification_snapshot("abc123", everywhere("x")), "html.parser").find("div")
    assert frame is not None
    assert frame["class"][:2] == ["nbt-snapshot", "nbt-snapshot-abc123"]
