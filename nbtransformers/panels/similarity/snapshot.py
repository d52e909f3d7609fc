"""A similarity as static HTML: the matrix of few texts, the nearest to a query, the most similar pairs, the notes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from nbtransformers.panels.embedding.snapshot import map_of, short, title
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.rows import row_names
from nbtransformers.results.similarity import SOON_COMPARED, Similarity

SNAPSHOT_SIDE = 12  # texts of a matrix that can still be read as a table
SNAPSHOT_PAIRS = 20

_BLUE = "43,131,198"
_WHOLE = "white-space:nowrap !important"  # a number is not broken, as the texts in other cells are
_SHORT_NAME = 8  # characters, such as a row's number


def similarity_snapshot(panel_id: str, result: Similarity) -> str:
    """A similarity as HTML: as much of it as a page holds."""
    rows, columns = result.shape
    what = count(rows, "text") if result.others is None else f"{count(rows, 'text')} × {columns:,}"
    parts = [
        title(result.embeddings, what),
        *map(note_line, result.notes),
        _matrix(result) if max(rows, columns) <= SNAPSHOT_SIDE else map_of(result.embeddings),
        _nearest(result),
        _pairs(result) if rows * columns <= SOON_COMPARED**2 else "",
    ]
    return framed(panel_id, "".join(parts))


def _matrix(result: Similarity) -> str:
    """The matrix as a table, the more alike the bluer."""
    if 0 in result.shape:
        return "<p><em>No texts.</em></p>"
    values = result.matrix
    low, high = (float(end(values[np.isfinite(values)], initial=0)) for end in (np.min, np.max))
    heads = "".join(_head(result.columns, column) for column in range(values.shape[1]))
    lines = (
        f'<tr style="background:none">{_head(result.embeddings, row)}'
        + "".join(_value(value, (value - low) / max(high - low, 1e-9)) for value in values[row].tolist())
        + "</tr>"
        for row in range(values.shape[0])
    )
    return f'<table style="margin:4px 0 8px 0"><tr><th></th>{heads}</tr>{"".join(lines)}</table>'


def _head(texts: Embeddings, row: int) -> str:
    (name,) = row_names(texts, [row])
    text = (texts.texts[row] or "")[:60]
    style = f"{CELL};{_WHOLE}" if len(name) <= _SHORT_NAME else CELL
    return f'<th style="{style};font-weight:400" dir="auto" title="{escape(text)}">{escape(name)}</th>'


def _value(value: float, share: float) -> str:
    if value != value:
        return f'<td style="{CELL}">–</td>'
    colour = f"rgba({_BLUE},{0.85 * share:.2f})"
    return f'<td style="padding:3px 8px;{_WHOLE};background-color:{colour}">{value:.2f}</td>'


def _nearest(result: Similarity) -> str:
    if result.query_vector is None:
        return ""
    found, scores = result.positions(result.query_vector[None], result.request.top_k)
    rows = found[0][found[0] >= 0].tolist()
    names = row_names(result, rows)
    told = zip(names, scores[0].tolist(), rows, strict=False)
    lines = (_line(score, [(name, result.texts[row])]) for name, score, row in told)
    query = f"<bdi>{escape(short(result.request.query))}</bdi>"
    return f"<p>Nearest to: {query}</p>{_table(lines)}"


def _pairs(result: Similarity) -> str:
    pairs, scores = result.pair_positions(SNAPSHOT_PAIRS)
    if not len(pairs):
        return ""
    (a, b), columns = pairs.T.tolist(), result.columns
    sides = zip(a, row_names(result, a), b, row_names(columns, b), strict=True)
    lines = (
        _line(score, [(name, result.texts[row]), (other_name, columns.texts[other])])
        for score, (row, name, other, other_name) in zip(scores.tolist(), sides, strict=True)
    )
    return f"<p>Most similar pairs:</p>{_table(lines)}"


def _line(score: float, texts: Iterable[tuple[str, str | None]]) -> str:
    told = "".join(
        f'<div dir="auto"><span style="{QUIET}">{escape(name)}</span> {escape(short(text))}</div>'
        for name, text in texts
    )
    return f'<tr><td style="{CELL};{_WHOLE}">{score:.3f}</td><td style="{CELL}">{told}</td></tr>'


def _table(lines: Iterable[str]) -> str:
    heads = f'<th style="{CELL};{_WHOLE};width:10%">score</th><th style="{CELL};width:90%">text</th>'
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
