"""A listing of models or of datasets as static HTML."""

from __future__ import annotations

from html import escape
from typing import Any

from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.results.listing import Listing

MOST_ROWS = 50
WHOLE_WORDS = f"{CELL};overflow-wrap:break-word"
"""Of a cell in a table of many columns, which breaks no word that has room in a column of its own."""


def listing_snapshot(panel_id: str, title: str, listed: Listing[Any]) -> str:
    """The list as HTML.

    Args:
        panel_id: pairs it with its panel.
        title: what a reader calls the list.
        listed: the list, as it was last in sight.
    """
    head = f'<p><strong>{escape(title)}</strong> <span style="{QUIET}">{escape(listed.summary)}</span></p>'
    notes = "".join(map(note_line, listed.notes))
    none = f"<p>There is none of these. {escape(listed.question)}</p>"
    return framed(panel_id, head + (_table(listed) if len(listed) else none) + notes)


def _table(listed: Listing[Any]) -> str:
    head = "".join(f'<th style="{WHOLE_WORDS}">{escape(name)}</th>' for name in listed.heads)
    cell = '<td style="{}" dir="auto">{}</td>'
    rows = ("".join(cell.format(WHOLE_WORDS, escape(text)) for text in cells) for cells in listed.cells(MOST_ROWS))
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    more = f"<p>and {len(listed) - MOST_ROWS:,} more</p>" if len(listed) > MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}"
