"""A similarity for people: its matrix as a heat map, and the most similar texts in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtransformers.plain_text import printable
from nbtransformers.request import Measure
from nbtransformers.results.embeddings import short
from nbtransformers.results.figures import canvas, titled
from nbtransformers.results.rows import row_names
from nbtransformers.results.similarity import SOON_COMPARED, Similarity
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TILES = 400  # a side of a heat map, at most
_LABELLED = 30  # texts that can be labelled
_TEXT_CHARACTERS = 28  # of the first of two texts in a line

_MEASURES: dict[Measure, str] = {
    "cosine": "cosine",
    "dot": "dot product",
    "euclidean": "minus the Euclidean distance",
    "manhattan": "minus the Manhattan distance",
}


def heat_map(result: Similarity, ax: Axes | None) -> Axes:
    """The matrix, like beside like; few texts with their beginnings, many as means over tiles."""
    ax = canvas(ax, 6.0, width=7.2)
    values, _, _ = result.tiles(result.order, result.column_order, _TILES)
    is_bounded = result.measure == "cosine"
    image = ax.imshow(values, aspect="auto", cmap="viridis", vmin=0 if is_bounded else None, interpolation="nearest")
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label(result.measure if is_bounded or result.measure == "dot" else f"minus the {result.measure} distance")
    for axis, order, texts in (
        (ax.yaxis, result.order, result.texts),
        (ax.xaxis, result.column_order, result.columns.texts),
    ):
        axis.set_ticks([])
        if len(order) <= _LABELLED:
            labels = [short(texts[row]) for row in order.tolist()]
            turn = 90 if axis is ax.xaxis else 0
            axis.set_ticks(range(len(order)), labels, fontsize=8, rotation=turn, parse_math=False)
    return titled(ax, f"{result.run.model} · {result.extent}", boxed=True)


def as_text(result: Similarity) -> str:
    """The nearest, or the most similar pairs, and the notes."""
    without = len(result) - int(result.embeddings.embedded.sum())
    parts = [result.extent, _MEASURES[result.measure], *([f"without a vector {without:,}"] if without else [])]
    return printed(
        f"{printable(result.run.pinned_model)}: {' · '.join(parts)}",
        *(_nearest_lines(result) if result.query_vector is not None else _pair_lines(result)),
        *(f"Note: {note}" for note in result.notes),
    )


def _nearest_lines(result: Similarity) -> list[Any]:
    assert result.query_vector is not None
    found, scores = result.positions(result.query_vector[None], result.request.top_k)
    rows = found[0][found[0] >= 0].tolist()
    names = row_names(result, rows)
    cells = [
        (name, f"{score:.3f}", result.texts[row] or "")
        for name, score, row in zip(names, scores[0].tolist(), rows, strict=False)
    ]
    return [
        f"Nearest to: {result.request.query}",
        line_table(("", "score", "text"), cells, right=["score"]) if cells else "None: no text has a vector.",
    ]


def _pair_lines(result: Similarity) -> list[Any]:
    rows, columns = result.shape
    if rows * columns > SOON_COMPARED**2:
        return ["Most similar pairs: .pairs(10)"]
    pairs, scores = result.pair_positions(result.request.top_k)
    if not len(pairs):
        return []
    names = zip(row_names(result, pairs[:, 0].tolist()), row_names(result.columns, pairs[:, 1].tolist()), strict=True)
    cells = [
        (f"{a} – {b}", f"{score:.3f}", short(result.texts[row], _TEXT_CHARACTERS), result.columns.texts[other] or "")
        for (a, b), score, (row, other) in zip(names, scores.tolist(), pairs.tolist(), strict=True)
    ]
    return ["Most similar pairs:", line_table(("", "score", "text", "and"), cells, right=["score"])]
