"""A similarity as bytes: the wire of embeddings, and its matrix.

A part of the matrix is `values` float32 `[tile, tile]`, NaN where one of the two has no vector. A small matrix travels
whole with the header, with `order` and `column_order` (uint32, the numbers of its rows and columns, like beside like)
and, crosswise, the list of texts `column`. Of any other the panel asks for tiles: see `methods`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.embedding import wire
from nbtransformers.panels.embedding.wire import Arrays, is_small, named, vector_header
from nbtransformers.panels.packing import sendable
from nbtransformers.plain_text import count
from nbtransformers.results.similarity import Similarity

INLINE_PAIRS = 250_000  # of a matrix that travels with its header: a megabyte

_SAMPLED = 512  # texts of a side that tell between what ends values lie


def similarity_header(result: Similarity) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a similarity: with the whole matrix when it is small."""
    rows, columns = result.shape
    crosswise = result.others is not None
    whole = rows * columns <= INLINE_PAIRS and is_small(result.embeddings) and is_small(result.columns)
    low, high = _ends(result)
    header, payload = vector_header(
        "similar",
        result.embeddings,
        _matrix(result) if whole else None,
        measure=result.measure,
        query=None if result.request.query is None else sendable(result.request.query),
        matrix={"rows": rows, "columns": columns, "crosswise": crosswise, "low": low, "high": high},
        notes=list(map(sendable, result.notes)),
        facts=[[name, sendable(value)] for name, value in wire.facts(result.embeddings, result.run)],
    )
    if crosswise:
        header["subtitle"] = f"{count(rows, 'text')} × {columns:,} · {header['subtitle'].rpartition(' · ')[2]}"
    return header, payload


def partial_header(result: Similarity, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    return wire.partial_header(result.embeddings, rows, "similar")


def _matrix(result: Similarity) -> Arrays:
    arrays = {
        "values": result.matrix,
        "order": result.order.astype(np.uint32),
        "column_order": result.column_order.astype(np.uint32),
    }
    if result.others is not None:
        arrays |= named("column", result.others, np.arange(len(result.others)))
    return arrays


def _ends(result: Similarity) -> tuple[float, float]:
    """The least and the greatest similarity of two texts, of all pairs or of many: what colours stand for."""
    rows, columns = (_spread(length) for length in result.shape)
    values = result.matrix_block(rows, columns)
    apart = np.isfinite(values)
    if result.others is None:
        apart &= rows[:, None] != columns
    found = values[apart]
    if not len(found) or found.min() == found.max():  # one pair is no scale
        found = values[np.isfinite(values)]
    return (float(found.min()), float(found.max())) if len(found) else (0.0, 1.0)


def _spread(length: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, max(0, length - 1), min(length, _SAMPLED)).round().astype(np.int64))
