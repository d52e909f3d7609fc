"""Embeddings as static HTML: a map, the notes, and the first texts."""

from __future__ import annotations

from html import escape

import numpy as np

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.embedding.wire import NO_CLUSTER, cluster_of
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
TEXT_CHARACTERS = 400

_MAPPED = (3, 2_000)  # fewer points say nothing, and more are a heavy page
_WIDTH, _HEIGHT = 480, 300
_HUES = [colour for name, colour in HEX.items() if name != "grey"]


def embedding_snapshot(panel_id: str, result: Embeddings) -> str:
    """Embeddings as HTML: a map, the notes, and the first texts."""
    parts = [title(result, count(len(result), "text")), *map(note_line, result.notes), map_of(result), _rows(result)]
    return framed(panel_id, "".join(parts))


def title(result: Embeddings, what: str) -> str:
    """What the result is, in a line."""
    line = f"{what} · {result.dimension:,} numbers a vector · {seconds(result.run.seconds)} · {result.run.device}"
    return f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>'


def map_of(result: Embeddings) -> str:
    """The texts as points on a plane; of few or very many, nothing."""
    if not _MAPPED[0] <= int(result.embedded.sum()) <= _MAPPED[1]:
        return ""
    found, clusters = result.projection(), cluster_of(result)
    placed = np.isfinite(found.points).all(axis=1)
    points = found.points[placed] - found.points[placed].mean(axis=0)
    scale = 0.46 * min(_WIDTH / max(np.ptp(points[:, 0]), 1e-9), _HEIGHT / max(np.ptp(points[:, 1]), 1e-9)) * 2
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    across, down = ((points - middle) * scale * (1, -1) + (_WIDTH / 2, _HEIGHT / 2)).T
    dots = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{HEX["grey"] if one == NO_CLUSTER else _HUES[one]}" '
        'fill-opacity="0.8"/>'
        for x, y, one in zip(across.tolist(), down.tolist(), clusters[placed].tolist(), strict=True)
    )
    picture = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%" role="img" '
        f'aria-label="{escape(found.title)}">{"".join(dots)}</svg>'
    )
    return f'<div>{picture}</div><p style="{QUIET}">{escape(f"{found.title}: {found.note}")}</p>'


def _rows(result: Embeddings) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No texts.</em></p>"
    names = row_names(result, range(shown))
    body = "".join(_row(result, row, name) for row, name in enumerate(names))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more row")}.</p>' if left else ""
    heads = f'<th style="{CELL};width:8%"></th><th style="{CELL};width:92%">text</th>'
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Embeddings, row: int, name: str) -> str:
    reason = result.reasons.get(row)
    why = "" if reason is None else f'<em style="{QUIET}">{escape(reason)}</em> '
    text = escape(short(result.texts[row]))
    return f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}" dir="auto">{why}{text}</td></tr>'


def short(text: str | None) -> str:
    """A text, or its beginning."""
    text = text or ""
    return text if len(text) <= TEXT_CHARACTERS else text[:TEXT_CHARACTERS] + "…"
