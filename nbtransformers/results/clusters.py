"""Vectors in an order that puts like beside like, and in clusters.

Average linkage on the cosine distance; each join of its tree turns its two sides so that the closest ends meet. Up to
300 vectors scipy's leaf ordering is tried as well, and the shorter way from leaf to leaf is taken. More than 4,000 are
first gathered into some hundred groups (k-means on the sphere, seeded); the groups are ordered like vectors, and so are
the vectors of each group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

_LEAF_ORDERED, _LINKED = 300, 4_000  # vectors: a third of a second, and two, on one core; then it grows fast
_MOST_GROUPS = 300
_SAMPLE, _ROUNDS = 20_000, 8  # of k-means
_PART = 8_192  # rows at a time


@dataclass(frozen=True, slots=True)
class Clusters:
    """An order of vectors, and the tree that it comes from.

    Attributes:
        order: int64 `[row]`, the numbers of the vectors; those that are not finite come last.
        groups: int64 `[text]`, the leaf of the tree that a vector is in; -1 for one that is not finite.
        tree: scipy's linkage of the leaves; empty for a single one.
    """

    order: Rows
    groups: Rows
    tree: NDArray[np.float64]

    def labels(self, count: int) -> Rows:
        """Int64 `[text]`: which of so many clusters, at most, a vector is in, numbered by the order; -1 for none."""
        from scipy.cluster.hierarchy import fcluster

        found = np.where(self.groups < 0, -1, 0)
        if len(self.tree):
            found = np.where(self.groups < 0, -1, fcluster(self.tree, count, "maxclust")[self.groups])
        ordered = found[self.order]
        _, first = np.unique(ordered[ordered >= 0], return_index=True)
        number = {int(ordered[place]): rank for rank, place in enumerate(sorted(first.tolist()))}
        return np.array([number.get(int(one), -1) for one in found], dtype=np.int64)


def clusters(vectors: Vectors, seed: int = 0) -> Clusters:
    """The order and the tree of some vectors `[text, dimension]`; the same every time."""
    finite = np.isfinite(vectors).all(axis=1)
    rows = np.flatnonzero(finite)
    kept = vectors[rows] if len(rows) < len(vectors) else vectors
    unit = kept / np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), np.float32(1e-12))
    order, groups, tree = _few(unit) if len(rows) <= _LINKED else _many(unit, seed)
    placed = np.full(len(vectors), -1, dtype=np.int64)
    placed[rows] = groups
    return Clusters(np.concatenate([rows[order], np.flatnonzero(~finite)]), placed, tree)


def _few(unit: Vectors, *, hasty: bool = False) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Order, leaf and tree of vectors that are leaves themselves."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    alone = np.arange(len(unit))
    if len(unit) < 2:
        return alone, alone, np.empty((0, 4))
    distances = np.maximum(1 - unit @ unit.T, 0).astype(np.float64)
    np.fill_diagonal(distances, 0)
    condensed = squareform(distances, checks=False)
    tree = linkage(condensed, "average")
    order = _turned(tree, distances)
    if len(unit) <= _LEAF_ORDERED and not hasty:
        # It is called optimal, and often is not.
        ordered = leaves_list(optimal_leaf_ordering(tree, condensed)).astype(np.int64)
        order = min(order, ordered, key=lambda leaves: distances[leaves[:-1], leaves[1:]].sum())
    return order, alone, tree


def _turned(tree: NDArray[np.float64], distances: NDArray[np.float64]) -> Rows:
    """The leaves of a tree, each join turned so that the closest ends of its two sides meet."""
    sides: dict[int, Rows] = {leaf: np.array([leaf]) for leaf in range(len(tree) + 1)}
    for number, (a, b) in enumerate(tree[:, :2].astype(np.int64).tolist(), start=len(tree) + 1):
        one, two = sides.pop(a), sides.pop(b)
        ways = [(distances[own, other], way) for way, (own, other) in enumerate(_ends(one, two))]
        turn_one, turn_two = divmod(min(ways)[1], 2)
        sides[number] = np.concatenate([one[::-1] if turn_one else one, two[::-1] if turn_two else two])
    return next(iter(sides.values()))


def _ends(one: Rows, two: Rows) -> list[tuple[int, int]]:
    """The ends that can meet: neither side turned, the second, the first, both."""
    return [(one[-1], two[0]), (one[-1], two[-1]), (one[0], two[0]), (one[0], two[-1])]


def _many(unit: Vectors, seed: int) -> tuple[Rows, Rows, NDArray[np.float64]]:
    centres, groups = _k_means(unit, seed)
    order, _, tree = _few(centres)
    members = np.argsort(groups, kind="stable")
    stops = np.bincount(groups, minlength=len(centres)).cumsum()
    parts = np.split(members, stops[:-1])
    return np.concatenate([_within(unit, parts[group]) for group in order.tolist()]), groups, tree


def _within(unit: Vectors, rows: Rows) -> Rows:
    if len(rows) <= _LINKED:
        return rows[_few(unit[rows], hasty=True)[0]]  # hundreds of groups: no time for the better order
    centred = unit[rows] - unit[rows].mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    return rows[np.argsort(centred @ direction, kind="stable")]


def _k_means(unit: Vectors, seed: int) -> tuple[Vectors, Rows]:
    """Centres of length 1 `[group, dimension]`, none without members, and the group of each vector."""
    chance = np.random.default_rng(seed)
    sample = unit[np.sort(chance.choice(len(unit), min(len(unit), _SAMPLE), replace=False))]
    centres = sample[np.sort(chance.choice(len(sample), min(_MOST_GROUPS, int(len(unit) ** 0.5)), replace=False))]
    for _ in range(_ROUNDS):
        groups = _closest(sample, centres)
        order = np.argsort(groups, kind="stable")
        used, starts = np.unique(groups[order], return_index=True)
        sums = np.zeros_like(centres)
        sums[used] = np.add.reduceat(sample[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, np.float32(1e-12)), centres)
    used, groups = np.unique(_closest(unit, centres), return_inverse=True)
    return centres[used], groups.astype(np.int64)


def _closest(unit: Vectors, centres: Vectors) -> Rows:
    parts = (unit[start : start + _PART] for start in range(0, len(unit), _PART))
    return np.concatenate([(part @ centres.T).argmax(axis=1) for part in parts])
