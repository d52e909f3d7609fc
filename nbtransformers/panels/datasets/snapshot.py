"""Datasets as static HTML: the list as it was last in sight, or the first rows of one dataset."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.listsnapshot import WHOLE_WORDS, listing_snapshot
from nbtransformers.panels.snapshot import QUIET, framed, note_line
from nbtransformers.results.datasets import DatasetPreview, Datasets


def datasets_snapshot(panel_id: str, datasets: Datasets) -> str:
    """The list as HTML."""
    return listing_snapshot(panel_id, "Datasets", datasets)


def dataset_snapshot(panel_id: str, preview: DatasetPreview) -> str:
    """What one dataset has, and its first rows, as HTML."""
    title = f'<p><strong>{escape(preview.name)}</strong> <span style="{QUIET}">dataset</span></p>'
    facts = "".join(f"<p>{escape(name)}: {escape(text)}</p>" for name, text in preview.facts())
    notes = "".join(map(note_line, preview.notes))
    return framed(panel_id, title + facts + (_rows(preview) if len(preview.rows) else "<p>It has no rows.</p>") + notes)


def _rows(preview: DatasetPreview) -> str:
    where = f"The first rows of {preview.split}" + (f", {preview.subset}" if preview.subset else "")
    head = "".join(f'<th style="{WHOLE_WORDS}">{escape(str(name))}</th>' for name in preview.columns)
    cell = '<td style="{}" dir="auto">{}</td>'
    rows = ("".join(cell.format(WHOLE_WORDS, escape(text)) for text in cells) for cells in preview.cells())
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<p style="{QUIET}">{escape(where)}</p>{table}'
