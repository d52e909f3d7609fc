"""What the panel of a similarity can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.embedding.methods import NEAREST, answered, first_found, scored, vector_methods
from nbtransformers.panels.embedding.wire import named
from nbtransformers.panels.export import file_name
from nbtransformers.panels.rowmethods import Finder, row_actions
from nbtransformers.results.similarity import Similarity

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

PAIRS = 100  # of the list of the most similar
_SIDE = 256  # cells of a tile
_KEPT = 2**24  # values of a matrix that is made once and for all: 64 MiB


def methods(result: Similarity) -> dict[str, Method]:
    """The questions about a result.

    Those of texts with vectors, and: `tile` (a part of the matrix), `pairs` (the most similar ones). The neighbours of
    a row are those of the matrix: crosswise, columns.
    """

    def neighbours(params: dict[str, Any]) -> Answer:
        if "position" in params:
            return scored(result.columns, *result.positions_of(int(params["position"]), NEAREST))
        query, vector = str(params["text"]), result.query_vector
        if vector is None or query != result.request.query:
            vector = result.embeddings.query_vectors(query)[0]
        return scored(result.embeddings, *first_found(*result.positions(vector[None], NEAREST)))

    def pairs(params: dict[str, Any]) -> Answer:
        found, scores = result.pair_positions(PAIRS)
        a, b = named("row", result.embeddings, found[:, 0]), named("column", result.columns, found[:, 1])
        return answered({**a, **b, "score": scores})

    return {
        **vector_methods(result.embeddings),
        "neighbours": neighbours,
        "pairs": pairs,
        "tile": lambda params: _tile(result, params),
    }


def actions(result: Similarity, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes rows into a file."""
    return row_actions(result, panel, Finder(result), file_name(f"{result.run.model} similarity"))


def _tile(result: Similarity, params: dict[str, Any]) -> Answer:
    """A part of the matrix in the panel's order: `rows` and `columns` are each [start, stop, cells] of it.

    `row_starts` and `column_starts` `[cell + 1]` tell where in the order its cells begin. Where each is one pair, the
    values are the matrix's own, and the texts come with them as the lists `row` and `column`; else they are means.
    """
    rows, columns = (_stretch(result, params, side) for side in ("rows", "columns"))
    most, columns_most = (min(_SIDE, int(params[side][2])) for side in ("rows", "columns"))
    if len(rows) <= most and len(columns) <= columns_most:
        values, *cuts = _values(result, rows, columns), np.arange(len(rows) + 1), np.arange(len(columns) + 1)
        texts = named("row", result.embeddings, rows) | named("column", result.columns, columns)
    else:
        values, *cuts = result.tiles(rows, columns, most, columns_most)
        texts = {}
    starts = [(params[side][0] + cut).astype(np.uint32) for side, cut in zip(("rows", "columns"), cuts, strict=True)]
    return answered({"values": values, "row_starts": starts[0], "column_starts": starts[1], **texts})


def _stretch(result: Similarity, params: dict[str, Any], side: str) -> NDArray[np.int64]:
    """The numbers of the rows, or columns, of a stretch of the panel's order."""
    start, stop = params[side][:2]
    if params.get("order") == "cluster":
        return (result.order if side == "rows" else result.column_order)[start:stop]
    return np.arange(result.shape[side == "columns"])[start:stop]


def _values(result: Similarity, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
    if result.shape[0] * result.shape[1] <= _KEPT:
        return result.matrix[np.ix_(rows, columns)]
    return result.matrix_block(rows, columns)
