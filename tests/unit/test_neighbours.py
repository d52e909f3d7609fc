"""Neighbours and pairs by blocks, against a brute force in float64 that compares everything with everything."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from nbtransformers.request import MEASURES, Measure
from nbtransformers.results import neighbours
from nbtransformers.results.neighbours import nearest, similar_pairs, similarities

Floats = NDArray[np.float32]


def brute(a: Floats, b: Floats, measure: Measure) -> Floats:
    """Every score, one pair at a time."""
    scores = np.empty((len(a), len(b)), dtype=np.float32)
    for row, one in enumerate(a.astype(np.float64)):
        for column, two in enumerate(b.astype(np.float64)):
            if measure == "cosine":
                scale = np.sqrt((one @ one) * (two @ two))
                scores[row, column] = np.clip(one @ two / scale, -1, 1) if scale else 0
            elif measure == "dot":
                scores[row, column] = one @ two
            elif measure == "euclidean":
                scores[row, column] = -np.sqrt(((one - two) ** 2).sum())
            else:
                scores[row, column] = -np.abs(one - two).sum()
    return scores


def best(scores: Floats, k: int) -> tuple[list[int], list[float]]:
    order = sorted((column for column in range(len(scores)) if np.isfinite(scores[column])), key=lambda c: -scores[c])
    return order[:k], [float(scores[column]) for column in order[:k]]


def few_values(rows: int, dimension: int) -> st.SearchStrategy[Floats]:
    """Vectors of few whole numbers: many are equal, and many scores tie."""
    return arrays(np.float32, (rows, dimension), elements=st.sampled_from([-2.0, -1.0, 0.0, 1.0, 3.0]))


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(), measure=st.sampled_from(MEASURES), k=st.integers(1, 12), block=st.sampled_from([1, 7, 40, 10**6])
)
def test_the_nearest_are_those_of_a_brute_force(data: st.DataObject, measure: Measure, k: int, block: int) -> None:
    vectors = data.draw(few_values(data.draw(st.integers(1, 20)), 3))
    queries = data.draw(few_values(data.draw(st.integers(1, 5)), 3))
    missing = data.draw(st.lists(st.integers(0, len(vectors) - 1), max_size=3))
    vectors[missing] = np.nan
    expected = brute(queries, vectors, measure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_BLOCK", block)
        patch.setattr(neighbours, "_PART", 2 * block)
        rows, scores = nearest(queries, vectors, k, measure)
    assert rows.shape == scores.shape == (len(queries), min(k, int(np.isfinite(vectors).all(axis=1).sum())))
    for number in range(len(queries)):
        order, values = best(expected[number], k)
        np.testing.assert_allclose(scores[number], values, atol=1e-6)
        assert rows[number].tolist() == order, "ties are in the order of the texts"


@settings(max_examples=150, deadline=None)
@given(data=st.data(), measure=st.sampled_from(MEASURES), k=st.integers(1, 15), block=st.sampled_from([1, 9, 10**6]))
def test_the_pairs_are_those_of_a_brute_force(data: st.DataObject, measure: Measure, k: int, block: int) -> None:
    vectors = data.draw(few_values(data.draw(st.integers(1, 12)), 3))
    others = data.draw(st.none() | few_values(data.draw(st.integers(1, 9)), 3))
    if data.draw(st.booleans()):
        vectors[data.draw(st.integers(0, len(vectors) - 1))] = np.inf
    with np.errstate(invalid="ignore"):
        expected = brute(vectors, vectors if others is None else others, measure)
    expected[~np.isfinite(vectors).all(axis=1)] = np.nan
    if others is None:
        expected[:, ~np.isfinite(vectors).all(axis=1)] = np.nan
        expected[np.tril_indices(len(vectors))] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_BLOCK", block)
        pairs, scores = similar_pairs(vectors, k, measure, others)
    order, values = best(expected.ravel(), k)
    np.testing.assert_allclose(scores, values, atol=1e-6)
    assert (pairs[:, 0] * expected.shape[1] + pairs[:, 1]).tolist() == order


@pytest.mark.parametrize("measure", MEASURES)
def test_real_numbers_of_any_length(measure: Measure) -> None:
    chance = np.random.default_rng(0)
    vectors = (chance.normal(size=(500, 48)) * chance.uniform(0.01, 30, size=(500, 1))).astype(np.float32)
    vectors[7], vectors[400] = vectors[3], vectors[3]
    rows, scores = nearest(vectors[:20], vectors, 9, measure)
    expected = brute(vectors[:20], vectors, measure)
    for number in range(20):
        order, values = best(expected[number], 9)
        assert rows[number].tolist() == order
        np.testing.assert_allclose(scores[number], values, rtol=1e-5, atol=1e-6)


def test_a_text_that_is_there_very_often_is_found_from_the_first_on() -> None:
    vectors = np.tile(np.array([[0.6, 0.8]], np.float32), (5_000, 1))
    vectors[::50] = [0.8, 0.6]
    rows, scores = nearest(np.array([[0.6, 0.8]], np.float32), vectors, 60, "cosine")
    assert rows[0].tolist() == [row for row in range(62) if row % 50][:60] and (scores == 1).all()
    pairs, scores = similar_pairs(vectors, 3, "cosine")
    assert pairs.tolist() == [[0, 50], [0, 100], [0, 150]] and (scores == 1).all()


def test_nothing_and_less_than_asked_for() -> None:
    none = np.empty((0, 3), np.float32)
    one = np.ones((1, 3), np.float32)
    assert nearest(one, none, 5, "cosine")[0].shape == (1, 0)
    assert nearest(none, one, 5, "cosine")[0].shape == (0, 1)
    assert len(similar_pairs(none, 5, "cosine")[0]) == len(similar_pairs(one, 5, "cosine")[0]) == 0
    rows, scores = nearest(np.stack([one[0], one[0] * np.nan]), one, 5, "dot")
    assert rows.tolist() == [[0], [-1]] and scores[0] == 3 and np.isnan(scores[1]).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_a_block_of_the_matrix(measure: Measure) -> None:
    chance = np.random.default_rng(1)
    a, b = (chance.normal(size=(number, 20)).astype(np.float32) for number in (9, 13))
    a[2] = np.nan
    b[5] = a[4]  # a distance of nothing, which a difference of squares would lose
    found, expected = similarities(a, b, measure), brute(a, b, measure)
    np.testing.assert_allclose(np.delete(found, 2, axis=0), np.delete(expected, 2, axis=0), atol=2e-6)
    assert np.isnan(found[2]).all()


def test_memory_does_not_grow_with_what_is_compared() -> None:
    chance = np.random.default_rng(2)
    vectors = chance.normal(size=(60_000, 16)).astype(np.float32)
    tracemalloc.start()
    try:
        nearest(vectors[:2_000], vectors, 10, "cosine")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200e6, f"{peak / 1e6:.0f} MB; all scores at once would be 480"
