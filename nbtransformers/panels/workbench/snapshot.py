"""A workbench as static HTML: what it shows, and the table of what was run."""

from __future__ import annotations

from datetime import datetime
from html import escape

from nbtransformers.panels.snapshot import CELL, QUIET, framed
from nbtransformers.panels.workbench.bench import Row, Workbench
from nbtransformers.plain_text import seconds, sendable

MOST_ROWS = 50
_HEADS = ("run", "when", "what", "took", "came")


def workbench_snapshot(panel_id: str, bench: Workbench) -> str:
    """The result that is shown, and the history, as HTML, as they are now."""
    from nbtransformers.panels.kinds import kind_of_result

    history, shown = bench.desk.history(), bench.shown
    result = "" if shown is None else kind_of_result(shown).snapshot(f"{panel_id}-shown", shown)
    title = f'<p><strong>Workbench</strong> <span style="{QUIET}">what was run in this notebook</span></p>'
    return framed(panel_id, title + result + (_table(history) if history else "<p>Nothing was run yet.</p>"))


def _table(history: list[Row]) -> str:
    head = "".join(f'<th style="{CELL}">{name}</th>' for name in _HEADS)
    lines = "".join(f"<tr>{_cells(row)}</tr>" for row in history[:MOST_ROWS])
    more = f"<p>and {len(history) - MOST_ROWS:,} more</p>" if len(history) > MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}"


def _cells(row: Row) -> str:
    when = datetime.fromtimestamp(row.since).astimezone().strftime("%H:%M:%S")
    took = "–" if row.seconds is None else seconds(row.seconds)
    came = row.message or ("at work" if row.seconds is None else "done")
    typed = f'<code style="white-space:pre-wrap">{escape(sendable(row.brief))}</code>'
    cells = (f"{row.number}", when, typed, took, escape(came))
    return "".join(f'<td style="{CELL}" dir="auto">{cell}</td>' for cell in cells)
