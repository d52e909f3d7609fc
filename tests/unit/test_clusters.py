"""The order of a matrix, and its clusters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nbtransformers.results import clusters as module
from nbtransformers.results.clusters import clusters

Floats = NDArray[np.float32]


def groups(rows: int, number: int, dimension: int = 24, seed: int = 0, spread: float = 0.2) -> tuple[Floats, Floats]:
    """Vectors around so many directions, mixed; and which direction each is of."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(number, dimension))
    of = chance.integers(number, size=rows)
    return (centres[of] + spread * chance.normal(size=(rows, dimension))).astype(np.float32), of


def changes(of: NDArray[np.int64], order: NDArray[np.int64]) -> int:
    return int((np.diff(of[order]) != 0).sum())


@pytest.mark.parametrize("rows", [60, 280, 900, 5_000])  # optimal, optimal, turned, in groups first
def test_like_stands_beside_like(rows: int) -> None:
    vectors, of = groups(rows, 6)
    found = clusters(vectors)
    assert sorted(found.order.tolist()) == list(range(rows))
    assert changes(of, found.order) == 5, "each group is one stretch"
    labels = found.labels(6)
    assert len(np.unique(labels)) == 6
    pairs = {(int(label), int(own)) for label, own in zip(labels, of, strict=True)}
    assert len(pairs) == 6, "each cluster is one group"
    first = [labels[found.order][np.flatnonzero(labels[found.order] == number)[0]] for number in range(6)]
    assert first == list(range(6)) and labels[found.order[0]] == 0, "numbered as they stand"


@pytest.mark.parametrize("seed", range(8))
def test_the_order_is_one_of_the_tree_s_and_a_short_one(seed: int) -> None:
    vectors, _ = groups(7, 7, seed=seed, spread=1.0)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = 1 - unit @ unit.T

    def length(order: tuple[int, ...]) -> float:
        return sum(distances[a, b] for a, b in itertools.pairwise(order))

    found = clusters(vectors)

    def leaves(node: int) -> list[tuple[int, ...]]:
        if node < 7:
            return [(node,)]
        a, b = found.tree[node - 7, :2].astype(int)
        both = [(one, two) for one in leaves(a) for two in leaves(b)]
        return [one + two for one, two in both] + [two + one for one, two in both]

    lengths = sorted(map(length, leaves(12)))
    assert tuple(found.order.tolist()) in leaves(12)
    assert length(tuple(found.order)) <= lengths[len(lengths) // 8] + 1e-6


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 40),
    seed=st.integers(0, 5),
    equal=st.booleans(),
    gone=st.lists(st.integers(0, 39), max_size=5),
    limits=st.sampled_from([(300, 4_000), (3, 4_000), (3, 6)]),
    number=st.integers(1, 9),
)
def test_every_text_has_one_place_whatever_the_vectors(
    rows: int, seed: int, equal: bool, gone: list[int], limits: tuple[int, int], number: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)
    if equal:
        vectors[:] = 0 if seed == 0 else 1
    gone = [row for row in set(gone) if row < rows]
    vectors[gone] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LEAF_ORDERED", limits[0])
        patch.setattr(module, "_LINKED", limits[1])
        found = clusters(vectors)
        again = clusters(vectors)
    assert sorted(found.order.tolist()) == list(range(rows))
    assert sorted(found.order[rows - len(gone) :].tolist()) == sorted(gone), "those without a vector come last"
    assert found.order.tolist() == again.order.tolist()
    labels = found.labels(number)
    assert labels.shape == (rows,) and set(np.flatnonzero(labels < 0).tolist()) == set(gone)
    kept = labels[labels >= 0]
    assert len(np.unique(kept)) <= number and (not len(kept) or kept.max() == len(np.unique(kept)) - 1)
