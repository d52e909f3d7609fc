"""Vectors on a plane: a picture of which are near, for people."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, did_you_mean, shown

MapMethod = Literal["pca", "umap", "tsne"]

MAP_METHODS: tuple[MapMethod, ...] = get_args(MapMethod)

_NAMES: dict[MapMethod, str] = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}
_PACKAGES: dict[MapMethod, tuple[str, str]] = {"umap": ("umap", "umap-learn"), "tsne": ("sklearn", "scikit-learn")}
_PART = 8_192  # rows at a time
_FEW = 5  # vectors: below, there are no neighbourhoods to speak of


@dataclass(frozen=True, slots=True)
class Projection:
    """Vectors on a plane.

    Attributes:
        points: float32 `[text, 2]`; NaN for a text without a vector.
        method: how they came there.
        explained: of PCA, the share of the variance that each of the two axes shows, from 0 to 1.
        note: what the picture does not show, in one sentence.
    """

    points: NDArray[np.float32]
    method: MapMethod
    explained: tuple[float, float] | None
    note: str

    @property
    def title(self) -> str:
        """The method as a person writes it."""
        return _NAMES[self.method]


def available_maps() -> tuple[MapMethod, ...]:
    """The methods whose packages are installed, by a look at what there is."""
    return tuple(method for method in MAP_METHODS if _is_there(method))


def projection(vectors: NDArray[np.float32], method: str = "pca", seed: int = 0) -> Projection:
    """Vectors `[text, dimension]` on a plane.

    Args:
        vectors: rows with a number that is not finite are left out.
        method: `pca` keeps the two directions in which they differ most; `umap` and `tsne` keep neighbourhoods.
        seed: what chance starts from, for the latter two; the same seed gives the same picture.

    Raises:
        UserError: for an unknown method, one whose package is not installed, or too few vectors for it.
    """
    rows = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    chosen = _checked(method, len(rows))
    points = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    if chosen == "pca":
        points[rows], explained = _pca(vectors[rows])
        note = f"{sum(explained):.0%} of the variance is in this picture."
        return Projection(points, "pca", explained, note)
    kept = vectors[rows].astype(np.float32)
    points[rows] = _umap(kept, seed) if chosen == "umap" else _tsne(kept, seed)
    note = "What is near here is alike; how far apart the clusters are, and how large, says little."
    return Projection(points, chosen, None, note)


def _checked(method: str, texts: int) -> MapMethod:
    known: dict[str, MapMethod] = {name: name for name in MAP_METHODS}
    chosen = known.get(method)
    if chosen is None:
        raise UserError(
            f"There is no map {shown(method)}.", hint=did_you_mean(str(method), MAP_METHODS, what="There is")
        )
    if not _is_there(chosen):
        raise UserError(
            f"A map by {_NAMES[chosen]} needs the package {_PACKAGES[chosen][1]}, which is not installed.",
            hint='Type `pip install "nbtransformers[map]"`, or take `method="pca"`.',
        )
    if chosen != "pca" and texts < _FEW:
        raise UserError(
            f"A map by {_NAMES[chosen]} needs {_FEW} vectors or more, and there are {texts}.",
            hint='Take `method="pca"`.',
        )
    return chosen


def _is_there(method: MapMethod) -> bool:
    return method not in _PACKAGES or importlib.util.find_spec(_PACKAGES[method][0]) is not None


def _pca(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The two directions of most variance, by the covariance: exact, and as small for a million vectors as for ten."""
    points = np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) < 2:
        return points, (0.0, 0.0)
    mean = vectors.mean(axis=0, dtype=np.float64)
    parts = [slice(start, start + _PART) for start in range(0, len(vectors), _PART)]
    covariance = np.zeros((vectors.shape[1], vectors.shape[1]))
    for part in parts:
        centred = vectors[part] - mean.astype(np.float32)
        covariance += centred.T @ centred
    variances, directions = _largest_two(covariance)
    for part in parts:
        points[part, : directions.shape[1]] = (vectors[part] - mean.astype(np.float32)) @ directions.astype(np.float32)
    total = max(float(np.trace(covariance)), 1e-30)
    shares = [float(variance) / total for variance in variances]
    return points, (shares[0], shares[1] if len(shares) > 1 else 0.0)


def _largest_two(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.linalg import eigh

    size = len(covariance)
    variances, directions = eigh(covariance, subset_by_index=[max(0, size - 2), size - 1])
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    # A direction and its opposite are the same: the larger side is up, so that the picture is the same every time.
    largest = np.abs(directions).argmax(axis=0)
    return variances, directions * np.sign(directions[largest, np.arange(directions.shape[1])])


def _umap(vectors: NDArray[np.float32], seed: int) -> Any:
    import warnings

    from umap import UMAP

    neighbours = min(15, len(vectors) - 1)
    # Its spectral start needs more vectors than that.
    start = "spectral" if len(vectors) > 10 * _FEW else "random"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = UMAP(n_neighbors=neighbours, metric="cosine", init=start, random_state=seed, n_jobs=1)
        return found.fit_transform(vectors)


def _tsne(vectors: NDArray[np.float32], seed: int) -> Any:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed).fit_transform(vectors)
