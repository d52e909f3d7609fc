"""Results that went to a file as static HTML: the file, the notes, and the first rows."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.results.stored import Stored


def stored_snapshot(panel_id: str, result: Stored) -> str:
    """The file with its size, the notes, and the first rows."""
    line = f"{result.summary} · {result.run.pinned_model} on {result.run.device}"
    title = (
        f'<p><strong dir="auto">{escape(result.path.name)}</strong> '
        f'<span style="{QUIET}" dir="auto">{escape(line)}</span></p>'
    )
    return framed(panel_id, "".join([title, *map(note_line, result.notes), _rows(result)]))


def _rows(result: Stored) -> str:
    columns, rows = result.cells()
    if not rows:
        return "<p><em>No rows.</em></p>"
    heads = "".join(f'<th style="{CELL}" dir="auto">{escape(name)}</th>' for name in columns)
    cells = ("".join(f'<td style="{CELL}" dir="auto">{escape(cell)}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    more = f'<p style="{QUIET}">{escape(result.more)}</p>' if result.more else ""
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'
