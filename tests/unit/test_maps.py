"""Vectors on a plane."""

from __future__ import annotations

import builtins
import importlib.util
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from unit.test_clusters import groups

from nbtransformers.errors import UserError
from nbtransformers.results.maps import available_maps, projection


@pytest.mark.parametrize(("rows", "dimension"), [(500, 32), (20, 48), (3, 7), (9_000, 5)])
def test_pca_is_that_of_scikit_learn(rows: int, dimension: int) -> None:
    vectors, _ = groups(rows, 4, dimension, spread=0.8)
    mine, theirs = projection(vectors), PCA(2)
    expected = theirs.fit_transform(vectors.astype(np.float64))
    signs = np.sign((mine.points * expected).sum(axis=0))  # a direction and its opposite are the same
    np.testing.assert_allclose(mine.points, expected * signs, atol=1e-4)
    np.testing.assert_allclose(mine.explained, theirs.explained_variance_ratio_, atol=1e-5)
    assert mine.note == f"{theirs.explained_variance_ratio_.sum():.0%} of the variance is in this picture."
    assert projection(vectors.copy()).points.tolist() == mine.points.tolist()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_pca_of_few(rows: int) -> None:
    found = projection(np.eye(2, 6, dtype=np.float32)[:rows])
    assert found.points.shape == (rows, 2) and np.isfinite(found.points).all()


def test_pca_of_one_dimension() -> None:
    found = projection(np.arange(5, dtype=np.float32)[:, None])
    assert found.points[:, 1].tolist() == [0] * 5 and found.explained == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_neighbourhoods_are_kept(method: str) -> None:
    pytest.importorskip({"umap": "umap", "tsne": "sklearn"}[method])
    vectors, of = groups(150, 3)
    vectors[5] = np.nan
    found = projection(vectors, method)
    assert np.isnan(found.points[5]).all() and found.explained is None and "says little" in found.note
    kept = np.delete(np.arange(150), 5)
    centres = np.stack([found.points[kept][of[kept] == group].mean(axis=0) for group in range(3)])
    distances = np.linalg.norm(found.points[kept][:, None] - centres, axis=2)
    assert (distances.argmin(axis=1) == of[kept]).all()
    np.testing.assert_array_equal(projection(vectors, method).points, found.points)  # the same seed, the same picture
    assert projection(vectors[:6], method).points.shape == (6, 2)


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = groups(10, 2)
    with pytest.raises(UserError, match=r"There is no map 'pac'\. Did you mean pca\?"):
        projection(vectors, "pac")
    with pytest.raises(UserError, match=r"A map by UMAP needs 5 vectors or more, and there are 4\."):
        projection(vectors[:4], "umap")

    def find(name: str, package: Any = None) -> Any:
        return None if name in ("umap", "sklearn") else builtins.object()

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert available_maps() == ("pca",)
    with pytest.raises(UserError, match=r"A map by UMAP needs the package umap-learn, which is not installed\."):
        projection(vectors, "umap")
