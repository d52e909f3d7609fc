"""What the panel of embeddings can be asked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.embedding.wire import Arrays, cluster_of, map_arrays, map_facts, named, page
from nbtransformers.panels.export import file_name
from nbtransformers.panels.packing import packed
from nbtransformers.panels.rowmethods import Finder, row_actions, row_methods
from nbtransformers.results.embeddings import Embeddings

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

NEAREST = 20  # texts of a list
_MOST_NAMED = 1_000


def methods(result: Embeddings) -> dict[str, Method]:
    """The questions about a result: those of any rows, and those of `vector_methods`."""
    return vector_methods(result)


def vector_methods(result: Embeddings) -> dict[str, Method]:
    """The questions about texts with vectors.

    Those of any rows; `map` (all texts on a plane, by a method), `names` (the beginnings of some texts), and
    `neighbours` (the texts nearest to a `text`, or to the one at a `position`).
    """

    @cache
    def clusters() -> NDArray[np.uint8]:
        return cluster_of(result)

    def map_(params: dict[str, Any]) -> Answer:
        found = result.projection(str(params["method"]))
        return answered(map_arrays(found, clusters()), **map_facts(found))

    def names(params: dict[str, Any]) -> Answer:
        rows = np.array(params["positions"][:_MOST_NAMED], dtype=np.int64)
        return answered(named("row", result, rows))

    def neighbours(params: dict[str, Any]) -> Answer:
        if "position" in params:
            rows, scores = result.positions_of(int(params["position"]), NEAREST)
        else:
            rows, scores = first_found(*result.positions(result.query_vectors(str(params["text"])), NEAREST))
        return scored(result, rows, scores)

    return {
        **row_methods(result, Finder(result), page),
        "map": map_,
        "names": names,
        "neighbours": neighbours,
    }


def actions(result: Embeddings, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes rows into a file."""
    return row_actions(result, panel, Finder(result), file_name(f"{result.run.model} embeddings"))


def answered(arrays: Arrays, **facts: Any) -> Answer:
    """An answer of facts and sections."""
    sections, payload = packed(arrays)
    return {**facts, "sections": sections}, [payload]


def scored(result: Embeddings, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> Answer:
    """An answer of texts with their scores, the best first."""
    return answered({**named("row", result, rows), "score": scores.astype(np.float32)})


def first_found(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of the first query, the texts that were found and their scores."""
    there = rows[0] >= 0
    return rows[0][there], scores[0][there]
