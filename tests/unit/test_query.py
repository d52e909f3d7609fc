"""Which rows a panel shows and in which order: as the golden file has it, and as a slow plain reading does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import GOLDEN, classification, decoded, golden
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.panels import finder
from nbtransformers.panels.classification.methods import methods
from nbtransformers.panels.classification.query import Finder, Query
from nbtransformers.panels.rows import row_names
from nbtransformers.results.classification import Classification


def asked(result: Classification, **params: Any) -> tuple[int, list[int]]:
    """What the panel is answered: how many rows there are, and the positions of the page."""
    reply, buffers = methods(result)["rows"]({"start": 0, "stop": 1000, **params})
    return reply["total"], [row["position"] for row in decoded(reply["sections"], buffers[0])]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_queries_are_answered(name: str) -> None:
    result = golden(name)
    assert len(GOLDEN[name]["queries"]) > 30
    for query in GOLDEN[name]["queries"]:
        assert asked(result, **query["params"]) == (query["total"], query["positions"]), query["params"]


def plainly(result: Classification, query: Query) -> list[int]:
    """The rules, one row at a time."""

    def best(row: int) -> int | None:
        scores = result.scores[row].tolist()
        return None if any(np.isnan(scores)) else scores.index(max(scores))

    def matches(row: int) -> bool:
        index = str(row) if result.index is None else str(result.index[row])
        if query.search.lower() not in (result.texts[row] or "").lower() and query.search.lower() not in index.lower():
            return False
        if query.label is None:
            return True
        if query.label == "without_score":
            return best(row) is None
        if result.problem == "multi_label":
            return bool(result.scores[row, query.label] >= np.float32(result.request.threshold))
        return best(row) == query.label

    def key(row: int) -> Any:
        if query.sort_by == "row":
            return row
        if query.sort_by == "text":
            return result.texts[row] or None
        label = best(row)
        if label is None:
            return None
        if query.sort_by == "label":
            return label
        return float(result.scores[row, label if query.sort_by == "score" else query.sort_by])

    found = [row for row in range(len(result)) if matches(row)]
    keyed = [row for row in found if key(row) is not None]
    return sorted(keyed, key=key, reverse=query.descending) + [row for row in found if key(row) is None]


# Few different values, so that there are ties.
text = st.none() | st.sampled_from(["", "a", "A", "ab", "é", "É", "电影", "\U0001d4d0", "\uff21", "b a", " "])
score = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 1.0])


@st.composite
def results(draw: st.DrawFn) -> Classification:
    """A small result with many ties."""
    texts = draw(st.lists(text, max_size=10))
    return classification(
        texts,
        [draw(st.none() | st.lists(score, min_size=3, max_size=3)) for _ in texts],
        labels=("x", "y", "z"),
        index=draw(st.none() | st.just([f"r{row % 3}" for row in range(len(texts))])),
        problem=draw(st.sampled_from(["single_label", "multi_label"])),
        threshold=draw(st.sampled_from([0.0, 0.1, 0.5, 0.7])),
    )


queries = st.builds(
    Query,
    sort_by=st.sampled_from(["row", "text", "label", "score", 0, 1, 2]),
    descending=st.booleans(),
    label=st.sampled_from([None, None, 0, 1, 2, "without_score"]),
    search=st.sampled_from(["", "", "a", "A", "é", "影", "R1", "2", "zzz"]),
)


@settings(max_examples=600)
@given(results(), queries)
def test_a_query_finds_what_a_plain_reading_finds(result: Classification, query: Query) -> None:
    assert Finder(result).found(query).tolist() == plainly(result, query)


@settings(max_examples=100)
@given(results(), queries, st.integers(0, 12), st.integers(0, 12))
def test_a_page_is_a_slice_of_what_is_found(result: Classification, query: Query, start: int, stop: int) -> None:
    sort = {"by": query.sort_by, "descending": query.descending}
    total, page = asked(result, start=start, stop=stop, sort=sort, label=query.label, search=query.search)
    found = plainly(result, query)
    assert (total, page) == (len(found), found[start : max(start, stop)])


def test_a_panel_that_asks_for_nothing_in_particular_gets_the_first_rows() -> None:
    result = classification(["a", "b", "c"], [[0.1, 0.9]] * 3)
    assert asked(result) == (3, [0, 1, 2])
    assert asked(result, sort=None, label=None, search=None) == (3, [0, 1, 2])
    assert asked(result, start=-5, stop=2) == (3, [0, 1])
    assert asked(result, start=9, stop=2) == (3, [])


def test_a_page_has_an_end() -> None:
    result = classification(["a"] * 2500, [[0.1, 0.9]] * 2500)
    total, page = asked(result, start=100, stop=10**9)
    assert (total, page) == (2500, list(range(100, 1100)))


def test_another_query_is_not_answered_with_the_last_one_s_rows() -> None:
    result = classification(["a", "b"], [[0.1, 0.9], [0.9, 0.1]])
    ask = methods(result)["rows"]
    for label, expected in ((0, 1), (1, 0), (0, 1)):
        reply, buffers = ask({"start": 0, "stop": 9, "label": label})
        assert [row["position"] for row in decoded(reply["sections"], buffers[0])] == [expected]
        assert reply["total"] == 1


def test_search_looks_into_the_whole_text() -> None:
    result = classification(["x" * 5000 + "Needle", "needle", "x"], [[0.1, 0.9]] * 3)
    assert asked(result, search="needle") == (2, [0, 1])
    assert asked(result, search="NEEDLE") == (2, [0, 1])


def test_texts_alike_at_first_are_sorted_by_what_follows() -> None:
    result = classification(["x" * 5000 + "b", "x" * 5000 + "a"], [[0.1, 0.9]] * 2)
    assert asked(result, sort={"by": "text"}) == (2, [1, 0])


def test_the_labels_of_rows_are_read_once_and_only_for_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[int] = []

    def counted(result: Classification, positions: Any) -> list[str]:
        named.append(len(positions))
        return row_names(result, positions)

    monkeypatch.setattr(finder, "row_names", counted)
    ask = methods(classification(["a", "b"], [[0.1, 0.9]] * 2, index=["x0", "x1"]))["rows"]
    ask({"label": 1})
    assert named == []  # nothing is searched yet
    assert [ask({"search": search})[0]["total"] for search in ("a", "b", "X1", "zzz")] == [1, 1, 1, 0]
    assert named == [2]


@settings(max_examples=200)
@given(results(), st.lists(queries, min_size=2, max_size=6))
def test_what_one_query_leaves_behind_does_not_change_the_next(result: Classification, asked: list[Query]) -> None:
    finder = Finder(result)
    for query in asked:
        assert finder.found(query).tolist() == plainly(result, query)


@settings(max_examples=100)
@given(results(), queries, st.integers(-2, 12), st.integers(-2, 12))
def test_positions_are_those_of_the_rows(result: Classification, query: Query, start: int, stop: int) -> None:
    sort = {"by": query.sort_by, "descending": query.descending}
    params = {"start": start, "stop": stop, "sort": sort, "label": query.label, "search": query.search}
    reply, buffers = methods(result)["positions"](params)
    start = max(0, start)
    assert [section["name"] for section in reply["sections"]] == ["position"]
    assert np.frombuffer(buffers[0], np.uint32).tolist() == plainly(result, query)[start : max(start, stop)]
