"""Embeddings and similarities as bytes, and what their panels are answered."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vectors import embeddings, near_topics, similarity, topical

from nbtransformers.panels.embedding import methods as embedding
from nbtransformers.panels.embedding.wire import embedding_header
from nbtransformers.panels.embedding.wire import partial_header as embedding_partial
from nbtransformers.panels.rows import FIRST_ROWS, INLINE_ROWS
from nbtransformers.panels.similarity.methods import methods
from nbtransformers.panels.similarity.wire import partial_header, similarity_header
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.similarity import Similarity

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "vectors.json").read_text(encoding="utf-8"))


def sections(listed: list[dict[str, Any]], payload: bytes) -> dict[str, Any]:
    """The arrays of a wire, and its string tables as lists."""
    found: dict[str, Any] = {}
    for section in listed:
        start, stop = section["offset"], section["offset"] + section["nbytes"]
        found[section["name"]] = np.frombuffer(payload[start:stop], section["dtype"]).reshape(section["shape"])
    for name in [name.removesuffix("_offsets") for name in found if name.endswith("_offsets")]:
        offsets, data = found.pop(f"{name}_offsets").tolist(), found.pop(f"{name}_bytes").tobytes()
        found[name] = [data[a:b].decode() for a, b in pairwise(offsets)]
    return found


def asked(made: dict[str, Any], question: str, /, **params: Any) -> dict[str, Any]:
    """The answer to a question."""
    facts, buffers = made[question](params)
    return {**facts, **sections(facts["sections"], buffers[0])}


# --- the golden file ---

VECTORS = np.array([[3, 1], [3, -1], [-3, 1], [-3, -1], [0, 0]], np.float32)


def golden(name: str) -> Embeddings | Similarity:
    """The result that a golden case tells of."""
    rows = GOLDEN[name]["rows"]
    texts = [None if row["reason"] else row["text"] for row in rows]
    cut = np.array([row["cut"] for row in rows], np.int64)
    made = embeddings(texts, VECTORS, [row["index"] for row in rows], unread=cut, notes=("A note.",))
    if name == "embed":
        return made
    if name == "similar":
        return similarity(made)
    others = np.array([[2, 0], [0, -1], [-1, -1]], np.float32)
    column = sections(GOLDEN[name]["header"]["sections"], base64.b64decode(GOLDEN[name]["payload_base64"]))
    return similarity(made, embeddings(column["column_texts"], others, column["column_index"]))


def alike(written: dict[str, Any], told: dict[str, Any], orders: bool = True) -> None:
    """The same sections with the same values, as near as float32 may be."""
    assert list(written) == list(told)
    for name, expected in told.items():
        if name in ("order", "column_order") and not orders:
            assert sorted(written[name]) == sorted(expected)
        elif isinstance(expected, list):
            assert written[name] == expected, name
        else:
            assert (written[name].dtype, written[name].shape) == (expected.dtype, expected.shape), name
            np.testing.assert_allclose(written[name], expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_header_is_what_we_write(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result, case = golden(name), GOLDEN[name]
    monkeypatch.setattr("nbtransformers.panels.embedding.wire.available_maps", lambda: ("pca",))
    written = embedding_header(result) if isinstance(result, Embeddings) else similarity_header(result)
    header, expected = written[0], case["header"]
    told = sections(expected["sections"], base64.b64decode(case["payload_base64"]))
    ours = sections(header["sections"], written[1])
    alike(ours, told, orders=False)
    if "order" in ours:  # either cluster may stand first
        assert {frozenset(ours["order"][at : at + 2].tolist()) for at in (0, 2)} == {
            frozenset((0, 1)),
            frozenset((2, 3)),
        }
    assert set(header) == set(expected)
    for key in set(expected) - {"subtitle", "facts", "sections", "matrix"}:
        assert header[key] == expected[key], key
    assert header["matrix"] == (expected["matrix"] and pytest.approx(expected["matrix"]))


@pytest.mark.parametrize("name", ["similar", "crosswise"])
def test_the_golden_answers_are_what_we_answer(name: str) -> None:
    result = golden(name)
    assert isinstance(result, Similarity)
    # The order that the file tells of.
    result.embeddings._kept["clusters"] = ordered(np.arange(5))  # pyright: ignore[reportPrivateUsage]
    if result.others is not None:
        result.others._kept["clusters"] = ordered(np.arange(3))  # pyright: ignore[reportPrivateUsage]
    made = methods(result)
    for case in GOLDEN[name]["answers"]:
        facts, buffers = made[case["method"]](case["params"])
        told = sections(case["sections"], base64.b64decode(case["payload_base64"]))
        alike(sections(facts["sections"], buffers[0]), told)


def ordered(order: NDArray[np.int64]) -> Any:
    from nbtransformers.results.clusters import Clusters

    return Clusters(order, order, np.empty((0, 4)))


# --- what a panel is answered ---


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_tile_of_single_pairs_is_the_matrix(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    crosswise = data.draw(st.booleans())
    others = embeddings(topical(columns), near_topics(columns, seed=1)) if crosswise else None
    result = similarity(embeddings([None if row == 3 else text for row, text in enumerate(topical(rows))]), others)
    columns = columns if crosswise else rows
    down, across = (sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in (rows, columns))
    order = data.draw(st.sampled_from(["input", "cluster"]))
    found = asked(methods(result), "tile", order=order, rows=[*down, 256], columns=[*across, 256])
    row_order = (result.order if order == "cluster" else np.arange(rows))[slice(*down)]
    column_order = (result.column_order if order == "cluster" else np.arange(columns))[slice(*across)]
    np.testing.assert_array_equal(found["values"], result.matrix[np.ix_(row_order, column_order)])
    assert found["row"].tolist() == row_order.tolist()
    assert found["column"].tolist() == column_order.tolist()
    assert found["row_texts"] == [result.texts[row] or "" for row in row_order.tolist()]
    assert found["column_texts"] == [result.columns.texts[column] or "" for column in column_order.tolist()]
    assert found["row_starts"].tolist() == list(range(down[0], down[1] + 1))


@pytest.mark.parametrize("order", ["input", "cluster"])
def test_a_tile_from_afar_holds_the_means_of_its_pairs(order: str) -> None:
    result = similarity(embeddings([None if row % 50 == 7 else text for row, text in enumerate(topical(700))]))
    found = asked(methods(result), "tile", order=order, rows=[0, 512, 256], columns=[512, 700, 94])
    rows = (result.order if order == "cluster" else np.arange(700))[:512]
    columns = (result.order if order == "cluster" else np.arange(700))[512:]
    pairs = result.matrix[np.ix_(rows, columns)].reshape(256, 2, 94, 2)
    sums, counts = np.nansum(pairs, axis=(1, 3)), np.isfinite(pairs).sum(axis=(1, 3))
    expected = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    np.testing.assert_allclose(found["values"], expected, atol=1e-5)
    assert "row" not in found
    assert found["column_starts"].tolist() == list(range(512, 701, 2))


def test_neighbours_are_those_of_the_result() -> None:
    result = similarity(embeddings(topical(60)))
    found = asked(methods(result), "neighbours", position=5)
    frame = result.nearest(result.vectors[5], k=21)
    assert found["row"].tolist() == [row for row in frame["row"].tolist() if row != 5][:20]
    typed = asked(methods(result), "neighbours", text="voting")
    frame = result.nearest("voting", k=20)
    assert (typed["row"].tolist(), typed["row_texts"]) == (frame["row"].tolist(), frame["text"].tolist())
    np.testing.assert_array_equal(typed["score"], frame["score"].to_numpy())


def test_crosswise_the_neighbours_of_a_row_are_columns_and_those_of_a_text_are_rows() -> None:
    others = embeddings(["one", "two"], near_topics(2, seed=3), ["a", "b"])
    result = similarity(embeddings(topical(6)), others)
    assert sorted(asked(methods(result), "neighbours", position=0)["row_index"]) == ["a", "b"]
    assert set(asked(methods(result), "neighbours", text="voting")["row_texts"]) == set(topical(6))


def test_the_query_of_a_request_needs_no_model() -> None:
    made = embeddings(topical(6), embed=None)
    result = Similarity(similarity(made, query="voting").request, made, None, "cosine", made.vectors[2])
    assert similarity_header(result)[0]["query"] == "voting"
    assert asked(methods(result), "neighbours", text="voting")["row"][0] == 2


def test_pairs_are_those_of_the_result() -> None:
    result = similarity(embeddings(topical(40)))
    found, frame = asked(methods(result), "pairs"), result.pairs(100)
    assert found["row"].tolist() == frame["row"].tolist()
    assert found["column"].tolist() == frame["other"].tolist()
    assert (found["row_texts"], found["column_texts"]) == (frame["text"].tolist(), frame["other_text"].tolist())
    np.testing.assert_array_equal(found["score"], frame["score"].to_numpy())


def test_a_map_is_that_of_the_result_and_strays_are_in_no_cluster() -> None:
    vectors = near_topics(1200)
    vectors[9] = 40  # far from all
    result = embeddings([None if row == 4 else text for row, text in enumerate(topical(1200))], vectors)
    found = asked(embedding.methods(result), "map", method="pca")
    np.testing.assert_array_equal(found["points"], result.map("pca"))
    assert found["title"] == "PCA"
    assert found["cluster"][4] == found["cluster"][9] == 255
    sizes = np.bincount(found["cluster"][found["cluster"] < 255])
    assert sorted(sizes, reverse=True) == sizes.tolist()
    assert len(sizes) == 6  # the topics that they were made from


def test_texts_are_named_as_far_as_they_are_read() -> None:
    result = embeddings(["é" * 1000, "\ud800", None, "b"], index=["k", "l", "m", "n"])
    found = asked(embedding.methods(result), "names", positions=[2, 1, 0])
    assert found["row"].tolist() == [2, 1, 0]
    assert found["row_index"] == ["m", "l", "k"]
    assert found["row_texts"] == ["", "\ufffd", "é" * 400]


def test_what_is_large_is_asked_for() -> None:
    rows = INLINE_ROWS + 1
    result = similarity(embeddings(topical(rows)))
    header, payload = similarity_header(result)
    found = sections(header["sections"], payload)
    assert (header["inline"], header["first_map"], len(found["position"])) == (False, None, FIRST_ROWS)
    assert not {"values", "points"} & set(found)
    assert header["matrix"]["rows"] == rows
    inside = result.matrix[~np.eye(rows, dtype=bool)]
    assert inside.min() <= header["matrix"]["low"] < header["matrix"]["high"] <= inside.max()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_texts_have_a_header(rows: int) -> None:
    header, payload = similarity_header(similarity(embeddings(topical(rows), near_topics(rows))))
    assert header["rows"] == rows
    assert sections(header["sections"], payload)["values"].shape == (rows, rows)
    assert header["matrix"]["low"] <= header["matrix"]["high"]
    json.dumps(header, allow_nan=False)


def test_texts_without_any_vector_have_a_header() -> None:
    result = similarity(embeddings([None, None, None]))
    header, payload = similarity_header(result)
    json.dumps(header, allow_nan=False)
    assert np.isnan(sections(header["sections"], payload)["values"]).all()
    assert asked(methods(result), "pairs")["row"].tolist() == []
    assert asked(methods(result), "neighbours", position=0)["row"].tolist() == []


def test_work_under_way_shows_its_first_rows() -> None:
    result = embeddings(topical(150))
    for header, payload in (embedding_partial(result, 900), partial_header(similarity(result), 900)):
        assert (header["partial"], header["rows"], header["inline"]) == (True, 900, False)
        assert len(sections(header["sections"], payload)["position"]) == FIRST_ROWS
