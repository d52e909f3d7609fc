"""Models as static HTML: the list, as it was last in sight."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.results.models import Models

MOST_ROWS = 50


def models_snapshot(panel_id: str, models: Models) -> str:
    """The list as HTML."""
    title = f'<p><strong>Models</strong> <span style="{QUIET}">{escape(models.summary)}</span></p>'
    notes = "".join(map(note_line, models.notes))
    none = f"<p>There is none of these. {escape(models.question)}</p>"
    return framed(panel_id, title + (_table(models) if len(models) else none) + notes)


def _table(models: Models) -> str:
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in models.heads)
    cell = '<td style="{}" dir="auto">{}</td>'
    rows = ("".join(cell.format(CELL, escape(text)) for text in cells) for cells in models.cells(MOST_ROWS))
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    more = f"<p>and {len(models) - MOST_ROWS:,} more</p>" if len(models) > MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}"
